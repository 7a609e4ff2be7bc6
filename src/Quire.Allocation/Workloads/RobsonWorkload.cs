namespace Quire.Allocation;

/// <summary>
/// The adversary of J. M. Robson, "An Estimate of the Store Size Necessary for Dynamic Storage Allocation", JACM 1971. With M the
/// live bytes allowed (live times min) and sizes doubling from min to max, it keeps in each round those blocks that cover an address
/// f modulo the block size, with f chosen so that they waste the most, and fills up with blocks of twice the size.
/// </summary>
/// <remarks>Any allocator that does not move blocks ends up needing about M (1/2 log2 n + 1) with n the ratio of the sizes.</remarks>
internal sealed class RobsonWorkload : IWorkload
{
    private readonly long _least;
    private readonly long _budget;
    private readonly int _rounds;
    private readonly Queue<HeapEvent> _pending = new();
    private readonly Dictionary<long, (long Offset, long Size)> _live = [];
    private readonly Dictionary<long, long> _requested = [];
    private long _nextId;
    private long _offset;
    private int _round = -1;

    public RobsonWorkload(SyntheticOptions options)
    {
        _least = (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)options.Least);
        _budget = _least * options.Live;
        _rounds = (int)long.Log2(Math.Max(1, options.Most / _least));
    }

    public bool TryNext(out HeapEvent next)
    {
        while (_pending.Count == 0)
        {
            if (_round >= _rounds)
            {
                next = default;
                return false;
            }

            _round++;
            PlanRound();
        }

        next = _pending.Dequeue();
        return true;
    }

    public void Placed(long id, long offset)
    {
        if (_requested.Remove(id, out var size) && offset >= 0)
        {
            _live.Add(id, (offset, size));
        }
    }

    private void PlanRound()
    {
        var size = _least << _round;
        if (_round > 0)
        {
            var half = size / 2;
            _offset = Waste(_offset, size) >= Waste(_offset + half, size) ? _offset : _offset + half;
            foreach (var id in _live.Where(entry => !Covers(entry.Value, _offset, size)).Select(entry => entry.Key).ToList())
            {
                _live.Remove(id);
                _pending.Enqueue(new HeapEvent(HeapEventKind.Free, id, 0));
            }
        }

        for (var room = (_budget - _live.Values.Sum(block => block.Size)) / size; room > 0; room--)
        {
            _requested.Add(_nextId, size);
            _pending.Enqueue(new HeapEvent(HeapEventKind.Allocate, _nextId++, size));
        }
    }

    private long Waste(long offset, long size) => _live.Values.Where(block => Covers(block, offset, size)).Sum(block => size - block.Size);

    // Whether a block holds an address that is offset modulo size, counted in smallest blocks.
    private static bool Covers((long Offset, long Size) block, long offset, long size)
    {
        var distance = (((offset - block.Offset) % size) + size) % size;
        return distance < block.Size;
    }
}
