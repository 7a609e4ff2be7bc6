using Quire.Kernel.Processes;
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

/// <summary>A process that died because memory ran out.</summary>
public readonly record struct OutOfMemoryKill(int ProcessId, string Name, long ResidentPages);

/// <summary>What a run's summary has to tell besides numbers: what the machine lacks and whom it killed.</summary>
public sealed class RunRemarks
{
    private const int MaximumInstructions = 32;
    private readonly SortedDictionary<ulong, long> _syscalls = [];
    private readonly Dictionary<ulong, UnsupportedInstruction> _instructions = [];
    private readonly List<OutOfMemoryKill> _kills = [];

    /// <summary>Numbers of system calls that are not there, and how often they were called.</summary>
    public IReadOnlyDictionary<ulong, long> Syscalls => _syscalls;

    /// <summary>The first 32 places with an invalid opcode.</summary>
    public IReadOnlyCollection<UnsupportedInstruction> Instructions => _instructions.Values;

    public IReadOnlyList<OutOfMemoryKill> OutOfMemoryKills => _kills;

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

    internal void CountOutOfMemoryKill(GuestProcess process) =>
        _kills.Add(new OutOfMemoryKill(process.ProcessId, process.Threads.Count > 0 ? process.Threads[0].Name : "", process.Space.Counters.Resident));
}
