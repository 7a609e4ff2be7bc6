namespace Quire.Collection;

/// <summary>The knobs of GCPerfSim: so much allocated, so much live, one of so many small objects survives into it, a share large, one of so many pinned.</summary>
/// <remarks>M. Stephens, GCPerfSim, in the performance repository of dotnet: tagb, tlgb, sohsi, lohar and sohpi are total, live, survives, large and pinned here.</remarks>
internal sealed class PerfSim : IMutatorProgram
{
    private readonly long _total;
    private readonly long _live;
    private readonly int _survives;
    private readonly double _large;
    private readonly int _pinned;
    private readonly int _least;
    private readonly int _most;
    private SeededRandom _random;

    private PerfSim(ParameterValues parameters)
    {
        _total = parameters.Size("total", 256 << 20, 1 << 10, 1L << 44);
        _live = parameters.Size("live", 8 << 20, 1 << 10, 1L << 40);
        _survives = (int)parameters.Integer("survives", 30, 0, 1_000_000);
        _large = parameters.Share("large", 0.05);
        _pinned = (int)parameters.Integer("pinned", 0, 0, 1_000_000);
        _least = (int)parameters.Integer("least", 100, 8, 8000);
        _most = (int)parameters.Integer("most", 4000, _least, 8000);
        _random = new SeededRandom(parameters.Integer("seed", 1, 0, int.MaxValue));
    }

    public static ProgramDescriptor Definition { get; } = new(
        "perfsim",
        "the knobs of GCPerfSim: survival, live size, large and pinned share",
        [
            new("total", "256M", "bytes allocated"), new("live", "8M", "bytes that stay live"), new("survives", "30", "one of so many small objects replaces a live one; 0 for none"),
            new("large", "5%", "share of bytes in large objects"), new("pinned", "0", "one of so many survivors is pinned; 0 for none"),
            new("least", "100", "bytes of the smallest object"), new("most", "4000", "bytes of the largest small object"), new("seed", "1", "of sizes and places"),
        ],
        parameters => new PerfSim(parameters));

    public long Run<TPaths>(Mutator<TPaths> heap)
        where TPaths : struct, IPaths
    {
        const int LargeBytes = 100_000;
        var types = heap.Plan.Types;
        var bytes = types.DefineDataArray("bytes", 1);
        var slots = (int)Math.Max(1, _live / ((_least + _most) / 2));
        using var frame = heap.Push(2);
        frame[0] = heap.AllocateArray(types.DefineReferenceArray("live"), slots);
        var isPinned = new bool[slots];
        var sum = Checksum.Start;
        long allocated = 0;
        long large = 0;
        var survivors = 0;
        for (var i = 0; allocated < _total; i++)
        {
            var isLarge = large < _large * allocated;
            var size = isLarge ? LargeBytes : _least + _random.Next(_most - _least + 1);
            frame[1] = heap.AllocateArray(bytes, size);
            heap.Elements<byte>(frame[1])[size - 1] = (byte)i;
            allocated += size;
            large += isLarge ? size : 0;
            if (isLarge || _survives == 0 || i % _survives != 0)
            {
                heap.Free(frame[1]);
                frame[1] = Reference.Null;
                continue;
            }

            var slot = _random.Next(slots);
            var old = heap.ReadElement(frame[0], slot);
            if (!old.IsNull)
            {
                sum = Checksum.Add(sum, heap.Elements<byte>(old)[^1]);
                if (isPinned[slot])
                {
                    heap.Unpin(old);
                }

                heap.Free(old);
            }

            isPinned[slot] = _pinned > 0 && survivors++ % _pinned == 0;
            if (isPinned[slot])
            {
                heap.Pin(frame[1]);
            }

            heap.WriteElement(frame[0], slot, frame[1]);
            frame[1] = Reference.Null;
        }

        return sum;
    }
}
