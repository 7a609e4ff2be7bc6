using System.Runtime.InteropServices;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Frames;

/// <summary>A list of frames, each at most once in it, with its links in native arrays beside the frame table: any frame leaves in constant time.</summary>
internal sealed unsafe class FrameList : IDisposable
{
    // The place after the last frame is the list's own end: its next is the oldest, its previous the newest.
    private readonly uint* _next;
    private readonly uint* _previous;
    private readonly uint _end;

    public FrameList(uint frames)
    {
        _end = frames;
        _next = (uint*)NativeMemory.Alloc(frames + 1, sizeof(uint));
        _previous = (uint*)NativeMemory.Alloc(frames + 1, sizeof(uint));
        _next[_end] = _end;
        _previous[_end] = _end;
    }

    public uint Count { get; private set; }

    public void AddNewest(FrameNumber frame)
    {
        var newest = _previous[_end];
        _next[frame.Value] = _end;
        _previous[frame.Value] = newest;
        _next[newest] = frame.Value;
        _previous[_end] = frame.Value;
        Count++;
    }

    public void Remove(FrameNumber frame)
    {
        var next = _next[frame.Value];
        var previous = _previous[frame.Value];
        _next[previous] = next;
        _previous[next] = previous;
        Count--;
    }

    public bool TryPeekOldest(out FrameNumber frame)
    {
        frame = new FrameNumber(_next[_end]);
        return Count > 0;
    }

    public void MakeNewest(FrameNumber frame)
    {
        Remove(frame);
        AddNewest(frame);
    }

    public void Dispose()
    {
        NativeMemory.Free(_next);
        NativeMemory.Free(_previous);
    }
}
