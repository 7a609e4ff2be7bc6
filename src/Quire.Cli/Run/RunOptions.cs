using System.Collections;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using Quire.Cli.Replay;
using Quire.Hardware.Translation;
using Quire.Kernel;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Files;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Merging;
using Quire.Kernel.Memory.Reclaim;
using Quire.Machine;
using Quire.Machine.Futures;
using Quire.Primitives;

namespace Quire.Cli.Run;

/// <summary>The options of quire run and how their values are read.</summary>
internal sealed class RunOptions
{
    // A run with a given seed is meant to be repeated, so its clock starts at a fixed moment too: 2026-01-01 UTC.
    private const long SeededEpochSeconds = 1_767_225_600;
    private const long NanosecondsPerSecond = 1_000_000_000;
    private const int MostFaultAround = 512;
    /// <summary>How the runs that <see cref="TwoRuns"/> starts hand the future on.</summary>
    public const string RecordFuture = "--record-future";
    public const string Future = "--future";

    private const int MostReadahead = 1024;

    // Virtual time is nanoseconds since 1970 in 63 bits, which end in 2262: that leaves a run 62 years.
    private static readonly DateTimeOffset s_lastEpoch = new(2200, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Option<string> _ram = new("--ram") { Description = "memory of the machine", DefaultValueFactory = _ => "256M" };
    private readonly Option<string[]> _swap = new("--swap") { Description = SwapSyntax.Description, Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string> _policy = new("--policy") { Description = PolicySyntax.Description, DefaultValueFactory = _ => PolicySyntax.Linux };
    private readonly Option<string?> _recordFuture = new(RecordFuture) { Description = "write the pages referred to", Hidden = true };
    private readonly Option<string?> _future = new(Future) { Description = "pages referred to by a run before", Hidden = true };
    private readonly Option<string> _replacement = new("--replacement") { Description = $"whose pages go when a process needs a frame: {FrameAllotment.Syntax}", DefaultValueFactory = _ => "global" };
    private readonly Option<string> _readahead = new("--readahead") { Description = $"pages to read ahead in files at most, 0 to {MostReadahead}; 0 reads nothing ahead from swap either", DefaultValueFactory = _ => "32" };
    private readonly Option<string> _swappiness = new("--swappiness") { Description = $"0 to {MemorySettings.MostSwappiness}: how readily anonymous pages go rather than file pages", DefaultValueFactory = _ => $"{MemorySettings.StandardSwappiness}" };
    private readonly Option<string> _overcommit = new("--overcommit") { Description = "what programs may be promised: 0 no single request above RAM and swap, 1 anything, 2 no more than half of RAM and all of swap in sum", DefaultValueFactory = _ => "0" };
    private readonly Option<string?> _merge = new("--merge") { Description = "let equal pages share a frame: all memory (all, what --merge alone means), what programs advise (advised, the default), or off", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string> _hugePages = new("--thp") { Description = HugePageSyntax.TransparentDescription, DefaultValueFactory = _ => "madvise" };
    private readonly Option<string?> _reserved = new("--hugepages") { Description = HugePageSyntax.ReservedDescription };
    private readonly Option<string?> _compressedSwap = new("--zswap") { Description = SwapSyntax.CompressedDescription };
    private readonly Option<string> _disk = new("--disk") { Description = $"device behind files and swap: {DeviceModel.Syntax}", DefaultValueFactory = _ => "nvme" };
    private readonly Option<string[]> _inject = new("--inject") { Description = $"errors of swap areas: {InjectedFault.Syntax}", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> _loadControl = new("--load-control") { Description = "suspend and swap out whole processes while memory thrashes" };
    private readonly Option<string> _cpus = new("--cpus") { Description = $"virtual CPUs, 1 to {MachineOptions.MaximumCpus}", DefaultValueFactory = _ => "1" };
    private readonly Option<string> _tlb = new("--tlb") { Description = TlbOptions.Syntax, DefaultValueFactory = _ => "" };
    private readonly Option<string?> _seed = new("--seed") { Description = "seed of all randomness: runs with the same one are the same; the clock then starts at 2026-01-01" };
    private readonly Option<string> _layout = new("--aslr") { Description = "address-space layout randomisation: on or off", DefaultValueFactory = _ => "on" };
    private readonly Option<string[]> _environment = new("--env") { Description = "NAME=VALUE to add to the environment, or NAME to take out", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> _clear = new("--env-clear") { Description = "an environment that begins empty: only what --env adds" };
    private readonly Option<string?> _temporary = new("--tmp") { Description = "what /tmp and /var/tmp hold at the start: host, the host's files, or empty, only those that the command names (the default with --seed)" };
    private readonly Option<string?> _layerSize = new("--layer-size") { Description = $"bytes of files that guests may write: {FileTreeOptions.StandardLayerCapacity} unless said; more is ENOSPC" };
    private readonly Option<string> _root = new("--root") { Description = "host directory that is the guests' root", DefaultValueFactory = _ => "/" };
    private readonly Option<string[]> _bind = new("--bind") { Description = "DIR or DIR:GUESTDIR: host directory that guests change for real", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<bool> _bindSpecial = new("--bind-special") { Description = "device nodes and set-user-ID bits that guests make in bound directories are the host's, too; else only the guests see them" };
    private readonly Option<string> _confine = new("--confine") { Description = "give up all rights on the host that the run does not need (seccomp, Landlock): on or off", DefaultValueFactory = _ => "on" };
    private readonly Option<string?> _layer = new("--layer") { Description = "directory that keeps what guests change elsewhere" };
    private readonly Option<string?> _directory = new("--cwd") { Description = "working directory inside" };
    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "no summary" };
    private readonly Option<string?> _json = new("--json") { Description = "the summary as JSON, to FILE or - for standard output" };
    private readonly Option<bool> _strace = new("--strace") { Description = "list system calls on standard error" };
    private readonly Option<string?> _events = new("--events") { Description = "one JSON line a memory event, to FILE" };
    private readonly Option<string> _faultAround = new("--fault-around") { Description = $"pages to map around a faulting one, 1 to {MostFaultAround}", DefaultValueFactory = _ => "1" };
    private readonly Option<bool> _realTime = new("--real-time") { Description = "guests see the host's clock and sleep for real" };
    private readonly Option<string?> _epoch = new("--epoch") { Description = "CLOCK_REALTIME at the start: seconds since 1970, or a date such as 2026-01-31T12:00:00Z" };
    private readonly Option<string?> _limit = new("--max-instructions") { Description = "end the run after so many, each round of a repeated string instruction is one: 5000000, 500M, 10G" };
    private readonly Option<string?> _timeLimit = new("--max-time") { Description = "end the run after so much virtual time: 30s, 500ms, 2h" };
    private readonly Option<string?> _audit = new("--audit") { Description = "check at the end, and after every N faults if a number is given, that every frame has the owners that it is counted for", Arity = ArgumentArity.ZeroOrOne };
    private readonly GroupOptions _group = new();
    private readonly Option<string> _outOfMemory = new("--oom") { Description = "when memory runs out: kill a process, or pause who needs it", DefaultValueFactory = _ => "kill" };
    private readonly List<Option> _added = [];
    private readonly Argument<string[]> _command = new("command") { Description = "-- PROGRAM ARGUMENTS", Arity = ArgumentArity.OneOrMore };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_ram, _swap, _compressedSwap, _disk, _inject, _merge, _loadControl, _hugePages, _reserved, _policy, _recordFuture, _future, _replacement, _readahead, _swappiness, _overcommit, _cpus, _tlb, _seed, _layout, _environment, _clear, _temporary, _layerSize, _root, _bind, _bindSpecial, _confine, _layer, _directory, _quiet, _json, _strace, _events, _faultAround, _realTime, _epoch, _limit, _timeLimit, _audit, _outOfMemory, .. _group.All])
        {
            command.Add(option);
            _added.Add(option);
        }

        command.Add(_command);
    }

    /// <summary>
    /// The options as they were given, for another run of the same program: those that say where a run's own reports go are left out, and so are those
    /// named in <paramref name="except"/>.
    /// </summary>
    public IReadOnlyList<string> Given(ParseResult parse, params ReadOnlySpan<string> except)
    {
        var words = new List<string>();
        foreach (var option in parse.CommandResult.Command.Options)
        {
            if (!_added.Contains(option) || option == _quiet || option == _json || option == _strace || option == _events || except.Contains(option.Name)
                || parse.GetResult(option) is not { Implicit: false } given)
            {
                continue;
            }

            if (given.Tokens.Count == 0)
            {
                words.Add(option.Name);
            }

            foreach (var token in given.Tokens)
            {
                words.Add(option.Name);
                words.Add(token.Value);
            }
        }

        return words;
    }

    /// <summary>One option as it was given; empty if it was not.</summary>
    public IReadOnlyList<string> Given(string option, ParseResult parse) => Given(parse, [.. parse.CommandResult.Command.Options.Select(one => one.Name).Where(name => name != option)]);

    /// <summary>Null if none was given.</summary>
    public ulong? SeedOf(ParseResult parse) => Given("--seed", parse) is [_, var text] && ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seed) ? seed : null;

    public IReadOnlyList<string> Program(ParseResult parse)
    {
        RequireProgramAfterDashes(parse);
        return parse.GetValue(_command)!;
    }

    /// <summary>As written: a study takes a range.</summary>
    public string RamText(ParseResult parse) => parse.GetValue(_ram)!;

    public string PolicyText(ParseResult parse) => parse.GetValue(_policy)!;

    public bool KnowsFuture(ParseResult parse) => parse.GetValue(_future) is not null;

    /// <summary>The clock starts at the same moment in each run.</summary>
    public bool HasClock(ParseResult parse) => parse.GetValue(_seed) is not null || parse.GetValue(_epoch) is not null;

    /// <exception cref="UsageException">A program that runs twice would change things twice.</exception>
    public void RefuseLastingChanges(ParseResult parse)
    {
        foreach (var option in (Option[])[_bind, _layer, _realTime])
        {
            if (parse.GetResult(option) is { Implicit: false })
            {
                throw new UsageException($"{option.Name} does not go with --policy {PolicyText(parse)}, which runs the program twice");
            }
        }
    }

    public bool IsQuiet(ParseResult parse) => parse.GetValue(_quiet);

    public bool IsConfined(ParseResult parse) => parse.GetValue(_confine) switch
    {
        "on" => true,
        "off" => false,
        var text => throw new UsageException($"--confine '{text}' is neither on nor off"),
    };

    /// <summary>Null without --strace.</summary>
    public TextWriter? OpenTrace(ParseResult parse) =>
        parse.GetValue(_strace) ? new StreamWriter(Console.OpenStandardError()) { AutoFlush = true } : null;

    /// <summary>Null without --events.</summary>
    public OutputStream? OpenEvents(ParseResult parse) => parse.GetValue(_events) is { } path ? OutputStream.Create(path) : null;

    /// <summary>Opened before the run, so that a file that cannot be written does not cost one. Null without --json.</summary>
    public OutputStream? OpenReport(ParseResult parse) => parse.GetValue(_json) is { } path ? OutputStream.Create(path) : null;

    /// <summary>As <see cref="OpenReport"/>, for a command whose output it is: it ends when that cannot be written.</summary>
    public TextWriter? OpenJson(ParseResult parse) => parse.GetValue(_json) switch
    {
        null => null,
        "-" => new StreamWriter(Console.OpenStandardOutput()),
        var path => new StreamWriter(path),
    };

    /// <summary>Standard output belongs to the JSON: nothing else is written there.</summary>
    public bool PutsJsonOnOutput(ParseResult parse) => parse.GetValue(_json) == "-";

    public bool WantsAudit(ParseResult parse) => parse.GetResult(_audit) is not null;

    public MachineOptions Read(ParseResult parse, TextWriter? trace, TextWriter? events)
    {
        RequireProgramAfterDashes(parse);
        var seed = parse.GetValue(_seed) is { } text ? Number("--seed", text, 0UL, ulong.MaxValue) : (ulong?)null;
        return new MachineOptions
        {
            Ram = ReadRam(parse.GetValue(_ram)!),
            FaultsBetweenAudits = parse.GetValue(_audit) is { } interval ? Number("--audit", interval, 1L, long.MaxValue) : 0,
            LoadControl = parse.GetValue(_loadControl) ? LoadControlMode.Suspend : LoadControlMode.Watch,
            Merging = parse.GetResult(_merge) is null ? MergeScope.Advised : ReadMerging(parse.GetValue(_merge)),
            Swap = SwapSyntax.Read(parse.GetValue(_swap) ?? []),
            Policy = PolicySyntax.Read(parse.GetValue(_policy)!, KnowsFuture(parse) ? Foreknowledge.Recorded : Foreknowledge.None),
            Recording = parse.GetValue(_recordFuture) is { } recording ? new PageReferenceFile(File.Create(recording)) : null,
            Future = parse.GetValue(_future) is { } future ? new RecordedFuture(future) : null,
            Local = ReadReplacement(parse.GetValue(_replacement)!),
            ReadaheadPages = Number("--readahead", parse.GetValue(_readahead)!, 0, MostReadahead),
            Swappiness = Number("--swappiness", parse.GetValue(_swappiness)!, 0, MemorySettings.MostSwappiness),
            Overcommit = (OvercommitMode)Number("--overcommit", parse.GetValue(_overcommit)!, (int)OvercommitMode.Heuristic, (int)OvercommitMode.Never),
            CompressedSwap = SwapSyntax.ReadCompressed(parse.GetValue(_compressedSwap), parse.GetValue(_swap) ?? []),
            Disk = DeviceModel.TryParse(parse.GetValue(_disk)!, out var disk, out var diskError) ? disk : throw new UsageException($"--disk: {diskError}"),
            InjectedFaults = [.. (parse.GetValue(_inject) ?? []).Select(SwapSyntax.ReadFault)],
            Cpus = Number("--cpus", parse.GetValue(_cpus)!, 1, MachineOptions.MaximumCpus),
            Tlb = ReadTlb(parse.GetValue(_tlb)!),
            Seed = seed ?? 1,
            Randomization = ReadLayout(parse.GetValue(_layout)!),
            HugePages = HugePageSyntax.ReadTransparent(parse.GetValue(_hugePages)!),
            ReservedHugePages = HugePageSyntax.ReadReserved(parse.GetValue(_reserved), ReadRam(parse.GetValue(_ram)!)),
            FaultAroundPages = Number("--fault-around", parse.GetValue(_faultAround)!, 1, MostFaultAround),
            Group = _group.Read(parse),
            OutOfMemory = ReadOutOfMemory(parse.GetValue(_outOfMemory)!),
            TimeSource = parse.GetValue(_realTime) ? TimeSource.Host : TimeSource.Virtual,
            Epoch = ReadEpoch(parse.GetValue(_epoch)) ?? (seed is null ? null : new VirtualTime(SeededEpochSeconds * NanosecondsPerSecond)),
            MaximumInstructions = ReadLimit(parse.GetValue(_limit)),
            MaximumTime = ReadTimeLimit(parse.GetValue(_timeLimit)),
            Root = ReadDirectory("--root", parse.GetValue(_root)!),
            Bindings = [.. (parse.GetValue(_bind) ?? []).Select(ReadBinding)],
            SpecialFiles = parse.GetValue(_bindSpecial) ? SpecialFilesOnHost.Made : SpecialFilesOnHost.Recorded,
            Layer = parse.GetValue(_layer) is { } layer ? Path.GetFullPath(layer) : null,
            WorkingDirectory = parse.GetValue(_directory),
            Sight = seed is null ? HostSight.Live : HostSight.Steady,
            Temporary = ReadTemporary(parse.GetValue(_temporary) ?? (seed is null ? "host" : "empty")),
            LayerCapacity = ReadLayerSize(parse.GetValue(_layerSize)),
            Environment = ReadEnvironment(parse.GetValue(_environment) ?? [], parse.GetValue(_clear) ? new Hashtable() : Environment.GetEnvironmentVariables()),
            Command = parse.GetValue(_command)!,
            SystemCallTrace = trace,
            MemoryEvents = events,
        };
    }

    // What stands before -- and is no option would otherwise be taken for the program or its arguments.
    private void RequireProgramAfterDashes(ParseResult parse)
    {
        var words = parse.GetValue(_command)!;
        var dashes = parse.Tokens.ToList().FindIndex(token => token.Type == TokenType.DoubleDash);
        var after = dashes < 0 ? 0 : parse.Tokens.Count - dashes - 1;
        if (words.Length <= after)
        {
            return;
        }

        if (words[0].StartsWith('-'))
        {
            throw new UsageException($"there is no option {words[0]}; quire {parse.CommandResult.Command.Name} --help lists them");
        }

        if (dashes >= 0)
        {
            throw new UsageException($"'{words[0]}' is no option, and stands before --; the program comes after it");
        }
    }

    private static ByteSize ReadRam(string text)
    {
        if (!ByteSize.TryParse(text, out var ram))
        {
            throw new UsageException($"--ram '{text}' is not an amount of memory such as 64M or 1.5G");
        }

        if (ram < MachineOptions.MinimumRam || ram > MachineOptions.MaximumRam)
        {
            throw new UsageException($"--ram {text}: from {MachineOptions.MinimumRam} to {MachineOptions.MaximumRam} is possible");
        }

        return ram;
    }

    private static FrameAllotment? ReadReplacement(string text)
    {
        try
        {
            return FrameAllotment.Parse(text);
        }
        catch (FormatException exception)
        {
            throw new UsageException($"--replacement: {exception.Message}");
        }
    }

    private static MergeScope ReadMerging(string? text) => text switch
    {
        null or "all" => MergeScope.All,
        "advised" => MergeScope.Advised,
        "off" => MergeScope.Off,
        _ => throw new UsageException($"--merge '{text}' is none of all, advised and off"),
    };

    private static TlbOptions ReadTlb(string text)
    {
        if (text.Length == 0)
        {
            return TlbOptions.Default;
        }

        return TlbOptions.TryParse(text, out var tlb, out var error) ? tlb : throw new UsageException($"--tlb: {error}");
    }

    private static LayoutRandomization ReadLayout(string text) => text switch
    {
        "on" => LayoutRandomization.On,
        "off" => LayoutRandomization.Off,
        _ => throw new UsageException($"--aslr '{text}' is neither on nor off"),
    };

    private static TemporaryFiles ReadTemporary(string text) => text switch
    {
        "host" => TemporaryFiles.Shown,
        "empty" => TemporaryFiles.Hidden,
        _ => throw new UsageException($"--tmp '{text}' is neither host nor empty"),
    };

    private static ByteSize ReadLayerSize(string? text)
    {
        if (text is null)
        {
            return FileTreeOptions.StandardLayerCapacity;
        }

        return ByteSize.TryParse(text, out var size) && size.Pages > 0
            ? size
            : throw new UsageException($"--layer-size '{text}' is not an amount of at least a page such as 64M or 1.5G");
    }

    private static OutOfMemoryAction ReadOutOfMemory(string text) => text switch
    {
        "kill" => OutOfMemoryAction.Kill,
        "pause" => OutOfMemoryAction.Pause,
        _ => throw new UsageException($"--oom '{text}' is neither kill nor pause"),
    };

    private static T Number<T>(string option, string text, T least, T most)
        where T : struct, IBinaryInteger<T> =>
        T.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : throw new UsageException($"{option} '{text}' is not a number from {least} to {most}");

    private static VirtualTime? ReadEpoch(string? text)
    {
        if (text is null)
        {
            return null;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds < s_lastEpoch.ToUnixTimeSeconds())
        {
            return new VirtualTime(seconds * NanosecondsPerSecond);
        }

        const DateTimeStyles styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, styles, out var moment) && moment >= DateTimeOffset.UnixEpoch && moment < s_lastEpoch)
        {
            return new VirtualTime((moment - DateTimeOffset.UnixEpoch).Ticks * 100);
        }

        throw new UsageException($"--epoch '{text}' is neither seconds since 1970 nor a date such as 2026-01-31T12:00:00Z");
    }

    private static long ReadLimit(string? text)
    {
        if (text is null)
        {
            return long.MaxValue;
        }

        var scale = text.Length == 0 ? 1 : char.ToUpperInvariant(text[^1]) switch { 'K' => 1_000L, 'M' => 1_000_000L, 'G' => 1_000_000_000L, 'T' => 1_000_000_000_000L, _ => 1 };
        return long.TryParse(scale == 1 ? text : text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0 && count <= long.MaxValue / scale
            ? count * scale
            : throw new UsageException($"--max-instructions '{text}' is not a number above 0 such as 5000000, 500M or 10G");
    }

    private static VirtualTime ReadTimeLimit(string? text)
    {
        if (text is null)
        {
            return VirtualTime.Never;
        }

        var digits = text.AsSpan().TrimEnd("abcdefghijklmnopqrstuvwxyz");
        var unit = text[digits.Length..] switch
        {
            "ns" => 1,
            "us" => 1_000,
            "ms" => 1_000_000,
            "" or "s" => NanosecondsPerSecond,
            "m" or "min" => 60 * NanosecondsPerSecond,
            "h" => 3600 * NanosecondsPerSecond,
            _ => 0,
        };
        return unit > 0 && decimal.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count) && count <= long.MaxValue / unit && count * unit >= 1
            ? new VirtualTime((long)(count * unit))
            : throw new UsageException($"--max-time '{text}' is not a time above 0 such as 30s, 500ms or 2h");
    }

    private static string ReadDirectory(string option, string path) =>
        Directory.Exists(path) ? Path.GetFullPath(path) : throw new UsageException($"{option} {path}: there is no such directory");

    private static DirectoryBinding ReadBinding(string text)
    {
        var colon = text.IndexOf(':');
        var host = ReadDirectory("--bind", colon < 0 ? text : text[..colon]);
        var guest = colon < 0 ? host : text[(colon + 1)..];
        return guest.StartsWith('/') ? new DirectoryBinding(host, guest) : throw new UsageException($"--bind {text}: the guests' directory must begin with /");
    }

    private static List<string> ReadEnvironment(string[] changes, IDictionary inherited)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (DictionaryEntry entry in inherited)
        {
            variables[(string)entry.Key] = (string?)entry.Value ?? "";
        }

        foreach (var change in changes)
        {
            var equals = change.IndexOf('=');
            if (equals == 0 || change.Length == 0)
            {
                throw new UsageException($"--env '{change}' is not NAME=VALUE");
            }

            if (equals < 0)
            {
                variables.Remove(change);
            }
            else
            {
                variables[change[..equals]] = change[(equals + 1)..];
            }
        }

        // In an order that does not depend on the host.
        var names = new List<string>(variables.Keys);
        names.Sort(StringComparer.Ordinal);
        return names.ConvertAll(name => $"{name}={variables[name]}");
    }
}
