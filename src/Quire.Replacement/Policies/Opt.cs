namespace Quire.Replacement;

/// <summary>
/// The optimum: the page whose next use is farthest ahead goes; among pages never used again any may, which cannot change the number of faults.
/// Up to <see cref="ScanLimit"/> frames the next uses lie in an array that a fault scans, so that a hit is one store; beyond it in a heap
/// whose keys are negated next uses.
/// </summary>
public struct Opt : IReplacementPolicy, IPolicyDefinition<Opt>
{
    private const int ScanLimit = 512;
    private const long Empty = long.MinValue;

    private readonly long[]? _nextUse;
    private FrameHeap _farthestFirst;

    private Opt(in PolicySetup setup)
    {
        if (setup.Frames <= ScanLimit)
        {
            _nextUse = new long[setup.Frames];
            Array.Fill(_nextUse, Empty);
        }
        else
        {
            _farthestFirst = new FrameHeap(setup.Frames);
        }
    }

    public static PolicyDescription Description { get; } = new(
        "opt", "the page used again farthest in the future", "Belady, IBM Systems Journal 5(2), 1966 (MIN); Mattson et al. 1970 (OPT)", "used again farthest ahead")
    {
        Aliases = ["belady", "min"],
        IsStackAlgorithm = true,
    };

    public static InformationSource Source => InformationSource.Future;

    public static Opt Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        if (_nextUse is null)
        {
            _farthestFirst.Add(frame, -arrival.Time);
        }
        else
        {
            _nextUse[frame] = arrival.Time;
        }
    }

    public void Touch(int frame, int count, long time)
    {
    }

    public void SetNextUse(int frame, long nextUse)
    {
        if (_nextUse is null)
        {
            _farthestFirst.Update(frame, -nextUse);
        }
        else
        {
            _nextUse[frame] = nextUse;
        }
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        var frame = _nextUse is null ? _farthestFirst.Count > 0 ? _farthestFirst.Top : -1 : Farthest(_nextUse);
        if (frame >= 0)
        {
            Remove(frame);
        }

        return frame;
    }

    public void Remove(int frame)
    {
        if (_nextUse is null)
        {
            _farthestFirst.Remove(frame);
        }
        else
        {
            _nextUse[frame] = Empty;
        }
    }

    private static int Farthest(long[] nextUse)
    {
        var frame = -1;
        var farthest = Empty;
        for (var candidate = 0; candidate < nextUse.Length; candidate++)
        {
            if (nextUse[candidate] > farthest)
            {
                (frame, farthest) = (candidate, nextUse[candidate]);
            }
        }

        return frame;
    }
}
