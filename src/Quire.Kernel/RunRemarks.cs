using Quire.Primitives;

namespace Quire.Kernel;

/// <summary>An instruction that the CPU does not have: the bytes from its address on, and how often it was met.</summary>
public sealed class UnsupportedInstruction(VirtualAddress address, byte[] bytes)
{
    public VirtualAddress Address { get; } = address;

    /// <summary>Up to 15; the instruction may be shorter.</summary>
    public IReadOnlyList<byte> Bytes { get; } = bytes;

    public long Count { get; internal set; }
}

/// <summary>Why a process had to die for memory.</summary>
public enum OutOfMemoryCause
{
    /// <summary>No frame of RAM could be had.</summary>
    NoFrame,

    /// <summary>A control group was above its memory.max.</summary>
    GroupLimit,

    /// <summary>Programs did nothing but read the same pages again.</summary>
    Thrashing,
}

/// <summary>A process that died because memory ran out.</summary>
/// <param name="Group">Path of the control group that it was in.</param>
/// <param name="Limit">Path of the group whose limit was met; "/" if it was the machine that had no memory.</param>
/// <param name="Adjustment">oom_score_adj.</param>
public readonly record struct OutOfMemoryKill(
    int ProcessId, string Name, OutOfMemoryCause Cause, string Group, string Limit, long ResidentPages, long SwapPages, long PageTablePages, int Adjustment);

/// <summary>What a run's summary has to tell besides numbers: what the machine lacks and whom it killed.</summary>
public sealed class RunRemarks
{
    private const int MaximumInstructions = 32;
    private const int MaximumRefusals = 256;
    private readonly SortedDictionary<string, long> _refusals = new(StringComparer.Ordinal);
    private readonly SortedDictionary<ulong, long> _syscalls = [];
    private readonly Dictionary<ulong, UnsupportedInstruction> _instructions = [];
    private readonly List<OutOfMemoryKill> _kills = [];

    /// <summary>Numbers of system calls that are not there, and how often they were called.</summary>
    public IReadOnlyDictionary<ulong, long> Syscalls => _syscalls;

    /// <summary>The first 32 places with an invalid opcode.</summary>
    public IReadOnlyCollection<UnsupportedInstruction> Instructions => _instructions.Values;

    public IReadOnlyList<OutOfMemoryKill> OutOfMemoryKills => _kills;

    /// <summary>What was asked for and not given, by name, and how often; at most 256 names.</summary>
    public IReadOnlyDictionary<string, long> Refusals => _refusals;

    internal void CountRefusal(string what)
    {
        if (_refusals.TryGetValue(what, out var count) || _refusals.Count < MaximumRefusals)
        {
            _refusals[what] = count + 1;
        }
    }

    internal void CountSyscall(ulong number) => _syscalls[number] = _syscalls.GetValueOrDefault(number) + 1;

    internal void CountInstruction(VirtualAddress address, ReadOnlySpan<byte> bytes)
    {
        if (!_instructions.TryGetValue(address.Value, out var instruction))
        {
            if (_instructions.Count == MaximumInstructions)
            {
                return;
            }

            instruction = new UnsupportedInstruction(address, bytes.ToArray());
            _instructions.Add(address.Value, instruction);
        }

        instruction.Count++;
    }

    internal void CountOutOfMemoryKill(in OutOfMemoryKill kill) => _kills.Add(kill);
}
