namespace Quire.Allocation;

/// <summary>One allocation a time step, with a lifetime drawn uniformly; before it, whatever has come to its end is freed (TAOCP vol. 1, 2.5, "A simulation").</summary>
internal sealed class KnuthWorkload(SyntheticOptions options) : IWorkload
{
    private readonly Random _random = new(options.Seed);
    private readonly Func<Random, long, long, long> _sizes = SyntheticWorkloads.Sizes(options);
    private readonly PriorityQueue<long, long> _ends = new();
    private long _time;

    public bool TryNext(out HeapEvent next)
    {
        if (_ends.TryPeek(out var id, out var end) && (end <= _time || _time >= options.Count))
        {
            _ends.Dequeue();
            next = new HeapEvent(HeapEventKind.Free, id, 0);
            return true;
        }

        if (_time >= options.Count)
        {
            next = default;
            return false;
        }

        // Twice the live blocks at most: the mean is the live blocks then.
        next = new HeapEvent(HeapEventKind.Allocate, _time, _sizes(_random, options.Least, options.Most));
        _ends.Enqueue(_time, _time + _random.Next(1, (2 * options.Live) + 1));
        _time++;
        return true;
    }
}
