namespace Quire.Replacement;

/// <summary>
/// Multi-generation LRU, after Linux 6.1 (mm/vmscan.c): pages carry the number of the generation in which they were last seen used. Faulted pages
/// enter the youngest; at the end of the oldest a referenced page is promoted to the youngest, another goes. When fewer than three
/// generations hold pages, a walk over all reference bits opens a new one. Differs from Linux: no tiers, no separate files and anonymous memory, no bloom filters.
/// </summary>
public struct MultiGeneration : IReplacementPolicy, IPolicyDefinition<MultiGeneration>, IDescribesState
{
    private readonly ReferenceBits _bits;
    private readonly FrameLists _generations;
    private readonly long[] _sequence;
    private readonly int[] _sizes;
    private readonly int _count;
    private long _oldest;
    private long _youngest;
    private int _resident;

    private MultiGeneration(in PolicySetup setup)
    {
        _bits = setup.Bits;
        _count = (int)setup.Parameters.Integer("generations", 4, 3, 16);
        _generations = new FrameLists(setup.Frames, _count);
        _sequence = new long[setup.Frames];
        _sequence.AsSpan().Fill(-1);
        _sizes = new int[_count];
        _youngest = 2;
    }

    public static PolicyDescription Description { get; } = new(
        "multi-generation", "the end of the oldest generation that was not referenced", "Zhao et al., Multi-Gen LRU, Linux 6.1, Documentation/mm/multigen_lru.rst", "unreferenced in the oldest generation")
    {
        Aliases = ["mglru"],
        Parameters = [new("generations", "4", "most generations, 3 to 16")],
    };

    public static InformationSource Source => InformationSource.ReferenceBits;

    public static MultiGeneration Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        _bits.SetReferenced(frame, ReferenceBit.Clear);
        Push(frame, _youngest);
    }

    public void Touch(int frame, int count, long time)
    {
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        for (var left = (3L * _resident) + _count; left >= 0 && _resident > 0; left--)
        {
            AdvanceOldest();
            var frame = _generations.Last((int)(_oldest % _count));
            Remove(frame);
            if (!_bits.TestAndClearReferenced(frame) && !_bits.IsPinned(frame))
            {
                return frame;
            }

            Push(frame, _youngest);
        }

        return -1;
    }

    public void Remove(int frame)
    {
        _generations.Remove(frame);
        _sizes[_sequence[frame] % _count]--;
        _sequence[frame] = -1;
        _resident--;
    }

    public readonly string DescribeState(Func<int, string> pageIn)
    {
        var parts = new List<string>();
        for (var sequence = _youngest; sequence >= _oldest; sequence--)
        {
            parts.Add($"g{sequence} {_generations.Describe((int)(sequence % _count), pageIn)}");
        }

        return string.Join(' ', parts);
    }

    private void AdvanceOldest()
    {
        while (_sizes[_oldest % _count] == 0)
        {
            // Linux keeps at least MIN_NR_GENS = 2 generations that are not evicted from.
            if (_youngest - _oldest < 2)
            {
                OpenGeneration();
            }

            if (_sizes[_oldest % _count] == 0)
            {
                _oldest++;
            }
        }
    }

    private void OpenGeneration()
    {
        _youngest++;
        for (var frame = 0; frame < _sequence.Length; frame++)
        {
            if (_sequence[frame] >= 0 && _bits.TestAndClearReferenced(frame))
            {
                Remove(frame);
                Push(frame, _youngest);
            }
        }
    }

    private void Push(int frame, long sequence)
    {
        _generations.PushFront((int)(sequence % _count), frame);
        _sequence[frame] = sequence;
        _sizes[sequence % _count]++;
        _resident++;
    }
}
