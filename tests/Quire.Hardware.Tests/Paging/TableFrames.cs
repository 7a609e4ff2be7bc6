using Quire.Hardware.Memory;
using Quire.Hardware.Paging;
using Quire.Primitives;

namespace Quire.Hardware.Tests.Paging;

/// <summary>Frames for tables from the top of RAM downwards, at most a given number at a time.</summary>
internal sealed class TableFrames(PhysicalMemory memory, int limit = int.MaxValue) : IPageTableFrames
{
    private readonly Stack<FrameNumber> _returned = new();
    private uint _next = memory.FrameCount;

    public int Taken { get; private set; }

    public int Limit { get; set; } = limit;

    public bool TryAllocateTable(out FrameNumber frame)
    {
        frame = FrameNumber.None;
        if (Taken >= Limit)
        {
            return false;
        }

        Taken++;
        frame = _returned.TryPop(out var used) ? used : new FrameNumber(--_next);
        return true;
    }

    public void FreeTable(FrameNumber frame)
    {
        Taken--;
        memory.Write(frame).Clear();
        _returned.Push(frame);
    }
}
