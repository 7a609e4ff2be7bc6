using System.Numerics;
using System.Runtime.InteropServices;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

namespace Quire.Machine;

/// <summary>
/// A swap area whose device makes the mistakes that it is told to. Like a drive with end-to-end protection it keeps a checksum of what it was given for each slot, so that a
/// torn write is found when the slot is read.
/// </summary>
internal sealed class FaultySwapStorage(ISwapStorage device, FaultSchedule faults) : ISwapStorage
{
    private readonly Dictionary<uint, uint> _checksums = [];
    private readonly byte[] _torn = new byte[Page.Size];

    public string Name => device.Name;

    public bool TryRead(uint slot, Span<byte> page) => !faults.FailsRead() && device.TryRead(slot, page) && Checksum(page) == _checksums[slot];

    public bool TryWrite(uint slot, ReadOnlySpan<byte> page)
    {
        switch (faults.NextWrite())
        {
            case null:
                _checksums[slot] = Checksum(page);
                return device.TryWrite(slot, page);
            case InjectedFaultKind.TornWrite:
                _checksums[slot] = Checksum(page);

                // The rest is what was there, or what the disk had in it before.
                Array.Fill(_torn, (byte)0xDB);
                page[..(Page.Size / 2)].CopyTo(_torn);
                return device.TryWrite(slot, _torn);
            default:
                return false;
        }
    }

    public void Dispose() => device.Dispose();

    private static uint Checksum(ReadOnlySpan<byte> page)
    {
        var checksum = uint.MaxValue;
        foreach (var word in MemoryMarshal.Cast<byte, ulong>(page))
        {
            checksum = BitOperations.Crc32C(checksum, word);
        }

        return checksum;
    }
}

/// <summary>Which operations of all swap areas go wrong: counted through, or by chance from the seed.</summary>
internal sealed class FaultSchedule(IReadOnlyList<InjectedFault> faults, ulong seed)
{
    private readonly Random _random = new((int)(seed ^ (seed >> 32)));
    private long _reads;
    private long _writes;
    private bool _isFull;

    public bool FailsRead()
    {
        _reads++;
        var fails = false;
        foreach (var fault in faults)
        {
            fails |= fault.Kind == InjectedFaultKind.SwapRead && Happens(fault, _reads);
        }

        return fails;
    }

    /// <summary>Null: the write succeeds.</summary>
    public InjectedFaultKind? NextWrite()
    {
        _writes++;
        InjectedFaultKind? next = _isFull ? InjectedFaultKind.DiskFull : null;
        foreach (var fault in faults)
        {
            if (fault.Kind != InjectedFaultKind.SwapRead && Happens(fault, _writes))
            {
                next ??= fault.Kind;
                _isFull |= fault.Kind == InjectedFaultKind.DiskFull;
            }
        }

        return next;
    }

    private bool Happens(InjectedFault fault, long operation) =>
        fault.Operation == 0 ? _random.NextDouble() < fault.Probability : fault.Operation == operation;
}
