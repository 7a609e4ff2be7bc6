using System.Text;
using Quire.Hardware.Cpu;
using Quire.Hardware.Memory;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Host;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

/// <summary>A kernel whose root is a directory made for the test, with one process that calls it. No CPU runs.</summary>
internal sealed class FileWorld : IDisposable
{
    private readonly PhysicalMemory _physical;
    private readonly Session _session = new(1);

    public const long EpochSeconds = 1_700_000_000;

    public FileWorld(string? root = null, string? layer = null, int ramMiB = 64, IReadOnlyList<DirectoryBinding>? bound = null, IHostFiles? host = null,
        SpecialFilesOnHost special = SpecialFilesOnHost.Recorded)
        : this(new FileTreeOptions { Root = root ?? Directory.CreateTempSubdirectory("quire-files-").FullName, Layer = layer, Bound = bound ?? [], SpecialFiles = special }, ramMiB, host) =>
        OwnsRoot = root is null;

    public FileWorld(FileTreeOptions options, int ramMiB = 64, IHostFiles? host = null)
    {
        // Kernel code goes on where it is resumed, not in the test runner's context.
        SynchronizationContext.SetSynchronizationContext(null);
        Root = options.Root;
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Root, (UnixFileMode)0x1ED);
        }

        _physical = new PhysicalMemory(ByteSize.FromMiB((ulong)ramMiB));
        Memory = new KernelMemory(_physical, new KernelMemoryOptions { Poisoning = FramePoisoning.On }, []);
        Kernel = new GuestKernel(new KernelOptions { Epoch = new VirtualTime(EpochSeconds * 1_000_000_000) }, Memory, [new IdleProcessor()], TimeProvider.System);
        Tree = new FileTree(Kernel, host ?? new LinuxHostFiles(), options);
        Guest = NewProcess();
    }

    public string Root { get; }

    public KernelMemory Memory { get; }

    public GuestKernel Kernel { get; }

    public FileTree Tree { get; }

    public Guest Guest { get; }

    private bool OwnsRoot { get; }

    public Guest NewProcess(Credentials? credentials = null)
    {
        var id = Kernel.Processes.TakeId();
        var layout = new AddressLayout(LayoutRandomization.Off, 8 << 20, () => 0);
        var space = Memory.TryCreateAddressSpace(new AddressSpaceOptions(layout, new MemoryLimits(), id))!;
        var process = new GuestProcess(Kernel, id, space, _session)
        {
            FileContext = Tree.CreateContext(),
            Credentials = credentials ?? Credentials.Of(0, 0, []),
        };
        var thread = new GuestThread(Kernel, process, id);
        process.MutableThreads.Add(thread);
        Kernel.Processes.Add(process);
        Kernel.Processes.Add(thread);
        return new Guest(this, thread);
    }

    /// <summary>Lets every woken thread go on until all sleep or are done.</summary>
    public void Settle()
    {
        while (Kernel.Scheduler.TakeNext(0, VirtualTime.Never) is { } thread)
        {
            if (thread.Sleep.IsPending)
            {
                thread.Sleep.Resume();
            }
        }
    }

    public void Advance(VirtualTime span)
    {
        Kernel.Clock.Advance(span);
        Settle();
    }

    public void WriteHost(string path, string text)
    {
        var full = Root + path;
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text, Encoding.Latin1);
    }

    public string ReadHost(string path) => File.ReadAllText(Root + path, Encoding.Latin1);

    public void Dispose()
    {
        Memory.Audit();
        Tree.Dispose();
        Memory.Dispose();
        _physical.Dispose();
        if (OwnsRoot)
        {
            Directory.Delete(Root, recursive: true);
        }
    }

    private sealed class IdleProcessor : IProcessor
    {
        private CpuRegisters _registers = CpuRegisters.Initial();

        public ref CpuRegisters Registers => ref _registers;

        public ulong TimeStamp { get; set; }

        public ulong WalkReferences => 0;

        public CpuExit Run(long instructionBudget) => throw new InvalidOperationException("no guest code runs in these tests");
    }
}
