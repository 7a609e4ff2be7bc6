namespace Quire.Allocation;

/// <summary>Allocates while its phase grows and frees while it shrinks; when nothing is live it allocates. What is live after the last allocation stays.</summary>
internal sealed class PhasedWorkload(SyntheticOptions options, Func<int, bool> grows) : IWorkload
{
    private readonly Random _random = new(options.Seed);
    private readonly Func<Random, long, long, long> _sizes = SyntheticWorkloads.Sizes(options);
    private readonly Func<Random, int, int> _lives = SyntheticWorkloads.Lives(options);
    private readonly List<long> _live = [];
    private int _step;
    private long _nextId;

    public bool TryNext(out HeapEvent next)
    {
        next = default;
        if (_nextId >= options.Count)
        {
            return false;
        }

        if (grows(_step++) || _live.Count == 0)
        {
            next = new HeapEvent(HeapEventKind.Allocate, _nextId, _sizes(_random, options.Least, options.Most));
            _live.Add(_nextId++);
            return true;
        }

        var victim = _lives(_random, _live.Count);
        next = new HeapEvent(HeapEventKind.Free, _live[victim], 0);
        _live.RemoveAt(victim);
        return true;
    }
}
