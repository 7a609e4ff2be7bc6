namespace Quire.Replacement;

/// <summary>
/// Frames ordered by a key, the least on top: a four-way heap that knows each frame's place, so that a key can change. 16 bytes a frame.
/// Four children share a cache line, which halves the levels of a binary heap.
/// </summary>
public struct FrameHeap(int frames)
{
    private readonly Node[] _nodes = new Node[frames];
    private readonly int[] _place = CreatePlaces(frames);

    public int Count { get; private set; }

    public readonly int Top => _nodes[0].Frame;

    public readonly long TopKey => _nodes[0].Key;

    public readonly bool Contains(int frame) => _place[frame] >= 0;

    public readonly long KeyOf(int frame) => _nodes[_place[frame]].Key;

    public void Add(int frame, long key) => MoveUp(Count++, new Node(key, frame));

    public readonly void Update(int frame, long key)
    {
        var place = _place[frame];
        var node = new Node(key, frame);
        if (key < _nodes[place].Key)
        {
            MoveUp(place, node);
        }
        else
        {
            MoveDown(place, node);
        }
    }

    public void Remove(int frame)
    {
        var place = _place[frame];
        _place[frame] = -1;
        var last = _nodes[--Count];
        if (place == Count)
        {
            return;
        }

        if (place > 0 && last.Key < _nodes[(place - 1) >> 2].Key)
        {
            MoveUp(place, last);
        }
        else
        {
            MoveDown(place, last);
        }
    }

    private readonly void MoveUp(int place, Node node)
    {
        var nodes = _nodes;
        while (place > 0)
        {
            var parent = (place - 1) >> 2;
            if (nodes[parent].Key <= node.Key)
            {
                break;
            }

            nodes[place] = nodes[parent];
            _place[nodes[place].Frame] = place;
            place = parent;
        }

        nodes[place] = node;
        _place[node.Frame] = place;
    }

    private readonly void MoveDown(int place, Node node)
    {
        var nodes = _nodes;
        var count = Count;
        while (true)
        {
            var child = (place << 2) + 1;
            if (child >= count)
            {
                break;
            }

            var least = child;
            var end = Math.Min(child + 4, count);
            for (var other = child + 1; other < end; other++)
            {
                if (nodes[other].Key < nodes[least].Key)
                {
                    least = other;
                }
            }

            if (nodes[least].Key >= node.Key)
            {
                break;
            }

            nodes[place] = nodes[least];
            _place[nodes[place].Frame] = place;
            place = least;
        }

        nodes[place] = node;
        _place[node.Frame] = place;
    }

    private static int[] CreatePlaces(int frames)
    {
        var places = new int[frames];
        Array.Fill(places, -1);
        return places;
    }

    private readonly record struct Node(long Key, int Frame);
}
