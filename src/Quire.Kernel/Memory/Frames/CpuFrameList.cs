namespace Quire.Kernel.Memory.Frames;

/// <summary>Free single frames of one CPU, last in first out: the frame freed last is the warmest in the host's cache.</summary>
internal sealed class CpuFrameList
{
    private readonly uint[] _frames;
    private int _count;

    /// <param name="batch">Frames moved from and to the buddy system at once.</param>
    /// <param name="high">Frames above which a batch goes back.</param>
    public CpuFrameList(int batch, int high)
    {
        Batch = batch;
        _frames = new uint[Math.Max(high, batch)];
    }

    public int Batch { get; }

    public int Count => _count;

    public bool IsFull => _count == _frames.Length;

    public bool TryPop(out uint frame)
    {
        if (_count == 0)
        {
            frame = uint.MaxValue;
            return false;
        }

        frame = _frames[--_count];
        return true;
    }

    public void Push(uint frame) => _frames[_count++] = frame;

    /// <summary>Takes the frames that have waited longest off the list.</summary>
    public int TakeOldest(Span<uint> frames)
    {
        var taken = Math.Min(frames.Length, _count);
        _frames.AsSpan(0, taken).CopyTo(frames);
        _frames.AsSpan(taken, _count - taken).CopyTo(_frames);
        _count -= taken;
        return taken;
    }
}
