using Quire.Hardware.Cpu;
using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>
/// The instruction that a thread restarts after page faults. It may need several pages at once, of code and of each operand, and where memory is so
/// short that a fault takes away what the one before it brought, it would never complete. So after a few faults in a row what they bring is pinned
/// until the instruction has completed. If that leaves too little for others, they find memory exhausted. Linux has no such rule, and crawls.
/// </summary>
internal sealed class RestartingInstruction(KernelMemory memory)
{
    // An instruction can need two pages for itself and for each of two operands.
    private const int Patience = 8;

    private readonly List<FrameNumber> _pinned = [];
    private ulong _address;
    private ulong _count;
    private int _faults;

    public void OnFault(AddressSpace space, ulong address, in CpuRegisters registers)
    {
        // A repeated string instruction gets on with each fault: it has counted RCX down.
        var count = registers[GeneralRegister.Rcx];
        if (registers.Rip != _address || count != _count)
        {
            Complete();
            _address = registers.Rip;
            _count = count;
        }

        if (++_faults > Patience && space.TryFindFrame(address, out var frame) && memory.Pools.IsPageable(frame) && !_pinned.Contains(frame))
        {
            memory.Pinned.Pin(frame);
            _pinned.Add(frame);
        }
    }

    /// <summary>It has retired, or its thread is not to run again.</summary>
    public void Complete()
    {
        _faults = 0;
        foreach (var frame in _pinned)
        {
            memory.Pinned.Unpin(frame);
        }

        _pinned.Clear();
    }
}
