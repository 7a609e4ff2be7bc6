using System.Diagnostics;
using Quire.Hardware.Cpu;
using Quire.Hardware.Memory;
using Quire.Kernel;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Host;
using Quire.Kernel.Files.Walk;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Swap;
using Quire.Kernel.Processes;
using Quire.Machine.Confinement;
using Quire.Machine.HeapCalls;
using Quire.Observation.Runs;
using Quire.Primitives;
using Quire.Replacement;

namespace Quire.Machine;

/// <summary>
/// The composition root: RAM, CPUs, kernel and files built from options, for one run of one program. Everything of the host that guests can reach
/// (files, standard streams, clock, signals) is given to the kernel here.
/// </summary>
public sealed class VirtualMachine : IDisposable
{
    private readonly MachineOptions _options;
    private readonly PhysicalMemory _physical;
    private readonly CodeCache _code;
    private readonly Processor[] _processors;
    private readonly KernelMemory _memory;
    private readonly GuestKernel _kernel;
    private readonly FileTree _files;
    private readonly HostStreams _streams;

    /// <exception cref="IOException">A directory that the options name cannot be used; the message says which and why.</exception>
    /// <exception cref="OutOfMemoryException">The host refuses the RAM.</exception>
    public VirtualMachine(MachineOptions options)
    {
        _options = options;
        var heapCalls = options.HeapCalls is { } listener ? new HeapCallObserver(listener) : null;
        var swap = OpenSwap(options);
        _physical = new PhysicalMemory(options.Ram);
        _code = new CodeCache(_physical);
        var feed = options.Policy is { Descriptor.Source: not InformationSource.ReferenceBits } ? new ReferenceFeed() : null;
        _processors = [.. Enumerable.Range(0, options.Cpus).Select(_ => new Processor(_physical, options.Tlb, _code, heapCalls ?? options.References, feed))];
        _memory = new KernelMemory(
            _physical,
            new KernelMemoryOptions
            {
                Cpus = options.Cpus,
                FaultAroundPages = options.FaultAroundPages,
                SwapAreas = swap,
                CompressedSwap = options.CompressedSwap,
                Device = options.Disk,
                Policy = options.Policy,
                Local = options.Local,
                Recording = options.Recording,
                Future = options.Future,
                ReadaheadPages = options.ReadaheadPages,
                Swappiness = options.Swappiness,
                Overcommit = options.Overcommit,
                Merging = options.Merging,
                HugePages = options.HugePages,
                ReservedHugePages = options.ReservedHugePages,
            },
            [.. _processors.Select(processor => processor.Mmu)]);
        if (options.ReadaheadPages == 0)
        {
            _memory.Settings.PageCluster = 0;
        }

        if (feed is not null)
        {
            feed.Sink = _memory.References;
        }

        if (options.MemoryEvents is { } events)
        {
            _memory.Events = new MemoryEventWriter(events);
            if (options.Future is { } future)
            {
                future.WasUnforeseen = _memory.NoteUnforeseen;
            }
        }

        var kernelOptions = new KernelOptions
        {
            Seed = options.Seed,
            CpuCount = options.Cpus,
            LoadControl = options.LoadControl,
            FaultsBetweenAudits = options.FaultsBetweenAudits,
            Randomization = options.Randomization,
            MaximumInstructions = options.MaximumInstructions,
            MaximumTime = options.MaximumTime,
            TimeSource = options.TimeSource,
            Epoch = options.Epoch ?? HostNow(),
            Group = options.Group,
            OutOfMemory = options.OutOfMemory,
            HardwareCapabilities = CpuIdentification.FeaturesEdx,
        };
        _kernel = new GuestKernel(kernelOptions, _memory, _processors, TimeProvider.System) { TraceOutput = options.SystemCallTrace };
        heapCalls?.Attach(_kernel, _processors[0]);
        _files = new FileTree(_kernel, new LinuxHostFiles(), new FileTreeOptions
        {
            Root = GuestText.FromHost(options.Root),
            Bound = [.. options.Bindings.Select(Encode)],
            SpecialFiles = options.SpecialFiles,
            Layer = options.Layer is null ? null : GuestText.FromHost(options.Layer),
            WorkingDirectory = GuestText.FromHost(options.WorkingDirectory ?? Environment.CurrentDirectory),
            Sight = options.Sight,
            Temporary = options.Temporary,
            Named = [.. NamedPlaces.Of(options).Select(GuestText.FromHost)],
            LayerCapacity = options.LayerCapacity,
        });
        _kernel.Files = _files.Files;
        _streams = new HostStreams(_kernel.Requests, _files.Steady);
        _kernel.HostInput = _streams.Input;
    }

    /// <summary>Signals for the guests, and the wish to end: for other threads of this program.</summary>
    public HostRequests Requests => _kernel.Requests;

    /// <summary>A guest waits for input of the host.</summary>
    public bool AwaitsInput => _kernel.HostInput is { IsAwaited: true };

    /// <summary>How often guests got bytes from the terminal that this program was started on.</summary>
    public long TerminalReads => _streams.Terminal?.ReadCount ?? 0;

    /// <summary>The interrupt key was typed twice and waits unread, on a terminal where it sends no signal. May be asked by other threads of this program.</summary>
    public bool IsInterruptKeptFromGuests()
    {
        if (_streams.Terminal is not { } terminal)
        {
            return false;
        }

        // Looking may have taken input over that a guest has begun to wait for meanwhile.
        var isKept = terminal.IsInterruptKeptFromGuests();
        _streams.Input.Interrupt();
        return isKept;
    }

    /// <summary>Instructions retired so far; may be read by other threads of this program.</summary>
    public long Instructions => _kernel.Instructions;

    /// <summary>Runs the command to its end.</summary>
    public MachineRun Run()
    {
        var watch = Stopwatch.StartNew();
        var context = _files.CreateContext();
        var credentials = HostIdentity.Read();
        RequireWorkingDirectory(new FileCaller(context, credentials, Thread: null));
        var command = _options.Command.Select(GuestText.FromHost).ToList();
        var environment = _options.Environment.Select(GuestText.FromHost).ToList();
        var start = new ProgramStart
        {
            Path = ProgramSearch.Find(_files.Files, new FileCaller(context, credentials, Thread: null), command[0], environment),
            Arguments = command,
            Environment = environment,
            Descriptors = _streams.CreateDescriptors(_files.Files, _files.Terminals),
            FileContext = context,
            Credentials = credentials,
            Terminal = _streams.Terminal,
        };
        var outcome = _kernel.Run(start);
        if (outcome.End == RunEnd.NotStarted)
        {
            outcome = outcome with { Detail = StartFailure.Explain(_files.Files, new FileCaller(context, credentials, Thread: null), start.Path, outcome.Error) };
        }

        return new MachineRun(outcome, watch.Elapsed) { NotKept = _files.Keep() };
    }

    /// <summary>What the run did, by the machine's counters as they stand now.</summary>
    public RunReport Report(MachineRun run) => ReportBuilder.Build(_options, _kernel, _processors, run);

    /// <summary>Checks that every frame is free or has owners that add up to its count.</summary>
    /// <exception cref="InvalidOperationException">They do not; says which and how.</exception>
    public void Audit() => _memory.Audit();

    public void Dispose()
    {
        _streams.Dispose();
        _files.Dispose();
        _memory.Dispose();
        foreach (var processor in _processors)
        {
            processor.Dispose();
        }

        _code.Dispose();
        _physical.Dispose();
    }

    // The host's current directory may be absent inside; one that was asked for must be there.
    private void RequireWorkingDirectory(in FileCaller caller)
    {
        if (_options.WorkingDirectory is { } wanted
            && _files.Files.Resolve(caller, _files.Files.Root, GuestText.FromHost(wanted), WalkModes.FollowLast | WalkModes.Directory, out _) is var error and not Errno.None)
        {
            throw new IOException($"{wanted}: cannot be the working directory: {error}");
        }
    }

    private static List<SwapAreaOptions> OpenSwap(MachineOptions options)
    {
        var faults = options.InjectedFaults.Count > 0 ? new FaultSchedule(options.InjectedFaults, options.Seed) : null;
        var areas = new List<SwapAreaOptions>();
        foreach (var area in options.Swap)
        {
            ISwapStorage file = HostSwapFile.Create(area.Path, area.Size);
            areas.Add(new SwapAreaOptions((uint)area.Size.Pages, area.Priority, faults is null ? file : new FaultySwapStorage(file, faults)));
        }

        return areas;
    }

    private static DirectoryBinding Encode(DirectoryBinding binding) => new(GuestText.FromHost(binding.HostPath), GuestText.FromHost(binding.GuestPath));

    private static VirtualTime HostNow() => new((DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100);
}

/// <summary>How a run ended and how long it took the host.</summary>
public sealed record MachineRun(RunOutcome Outcome, TimeSpan Elapsed)
{
    /// <summary>What was to outlive the run and does not, a line each: files of the layer, files of bound directories.</summary>
    public IReadOnlyList<string> NotKept { get; init; } = [];

    /// <summary>What this program had given up when the run began.</summary>
    public ConfinementState Confinement { get; init; } = ConfinementState.None;
}
