namespace Quire.Replacement;

/// <summary>
/// LIRS: pages with low inter-reference recency (LIR) stay, the few others (HIR) pass through a queue Q. The stack S holds LIR pages, HIR pages
/// with a lower recency than the oldest LIR page, and such HIR pages that have left memory; their place in S is their shadow.
/// variant=authors, the default, does what Jiang's own program (lirs.c, 2002) does, whose counts others publish: a reference to the same page as the
/// last one does not count, and Q has at least two frames. variant=paper follows section 3 of the paper to the letter. Both fill with LIR pages until
/// only Q's share of frames is free.
/// </summary>
public struct Lirs : IReplacementPolicy, IPolicyDefinition<Lirs>, IDescribesState
{
    private const int Gone = -1;
    private const int Unused = -2;
    private const int Bottom = 0;
    private const int NoNode = -1;

    private readonly FrameLists _queue;
    private readonly int[] _nodeOf;
    private readonly uint[] _tag;
    private readonly byte[] _isLow;
    private readonly int _frames;
    private readonly int _highLimit;
    private readonly bool _skipRepeats;
    private Node[] _nodes;
    private int _unused;
    private int _resident;
    private int _low;
    private uint _lastPage;
    private bool _hasLast;

    private Lirs(in PolicySetup setup)
    {
        _skipRepeats = setup.Parameters.Choice("variant", "authors", "authors", "paper") == "authors";
        _frames = setup.Frames;
        _highLimit = Math.Min(setup.Frames, setup.Parameters.Share("hir", 1, setup.Frames, _skipRepeats ? 2 : 1));
        _queue = new FrameLists(setup.Frames, 1);
        _nodeOf = new int[setup.Frames];
        _tag = new uint[setup.Frames];
        _isLow = new byte[setup.Frames];
        _nodes = new Node[Math.Max(16, setup.Frames + (setup.Frames / 2))];
        _nodes[Bottom] = new Node { Above = Bottom, Below = Bottom, Frame = Unused };
        _unused = NoNode;
        ChainUnused(1);
    }

    public static PolicyDescription Description { get; } = new(
        "lirs", "the oldest page of high inter-reference recency", "Jiang and Zhang, LIRS: an efficient low inter-reference recency set replacement policy, SIGMETRICS 2002", "front of the queue of high inter-reference recency")
    {
        Parameters = [new("hir", "1%", "frames for pages of high inter-reference recency (Lhirs)"), new("variant", "authors", "authors for what lirs.c does, or paper")],
    };

    public static InformationSource Source => InformationSource.EveryReference;

    public static Lirs Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        var tag = GhostLists.TagOf(arrival.Page);
        _tag[frame] = tag;
        (_lastPage, _hasLast) = (tag, true);
        var node = NodeOf(arrival, tag);
        var isWarmingUp = _frames - _resident > _highLimit;
        _resident++;
        if (node != NoNode)
        {
            Free(node);
        }

        PushTop(frame);
        if (isWarmingUp || (node != NoNode && _frames > _highLimit))
        {
            MakeLow(frame);
            Prune();
        }
        else
        {
            _isLow[frame] = 0;
            _queue.PushBack(0, frame);
            Prune();
        }
    }

    public void Touch(int frame, int count, long time)
    {
        if (_skipRepeats)
        {
            var tag = _tag[frame];
            if (_hasLast && _lastPage == tag)
            {
                return;
            }

            (_lastPage, _hasLast) = (tag, true);
            count = 1;
        }

        // After the second reference in a row nothing changes: the page is on top of the stack and LIR.
        Reference(frame);
        if (count > 1)
        {
            Reference(frame);
        }
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        var frame = _queue.First(0);
        if (frame < 0)
        {
            frame = _nodes[Bottom].Above == Bottom ? -1 : _nodes[_nodes[Bottom].Above].Frame;
            if (frame >= 0)
            {
                Remove(frame);
            }

            return frame;
        }

        _queue.Remove(frame);
        _resident--;
        var node = _nodeOf[frame];
        if (node != NoNode)
        {
            _nodes[node].Frame = Gone;
            _nodes[node].Tag = _tag[frame];
            shadow = node;
        }

        return frame;
    }

    public void Remove(int frame)
    {
        _resident--;
        if (_nodeOf[frame] != NoNode)
        {
            Free(_nodeOf[frame]);
        }

        if (_isLow[frame] != 0)
        {
            _low--;
            Prune();
        }
        else
        {
            _queue.Remove(frame);
        }
    }

    public readonly string DescribeState(Func<int, string> pageIn)
    {
        var stack = new List<string>();
        for (var node = _nodes[Bottom].Below; node != Bottom; node = _nodes[node].Below)
        {
            var frame = _nodes[node].Frame;
            stack.Add(frame == Gone ? "gone" : pageIn(frame) + (_isLow[frame] != 0 ? "L" : "H"));
        }

        return $"S [{string.Join(' ', stack)}] Q {_queue.Describe(0, pageIn)}";
    }

    private void Reference(int frame)
    {
        var node = _nodeOf[frame];
        if (_isLow[frame] != 0)
        {
            if (_nodes[Bottom].Below == node)
            {
                return;
            }

            // Above Bottom, going round the ring, is the lowest entry of the stack.
            var wasLowest = _nodes[Bottom].Above == node;
            Unlink(node);
            LinkTop(node);
            if (wasLowest)
            {
                Prune();
            }
        }
        else if (node != NoNode && _frames > _highLimit)
        {
            _queue.Remove(frame);
            Unlink(node);
            LinkTop(node);
            MakeLow(frame);
            Prune();
        }
        else
        {
            if (node == NoNode)
            {
                PushTop(frame);
            }

            _queue.Remove(frame);
            _queue.PushBack(0, frame);
            Prune();
        }
    }

    private void MakeLow(int frame)
    {
        _isLow[frame] = 1;
        if (++_low <= _frames - _highLimit)
        {
            return;
        }

        // The lowest entry is LIR by the invariant that Prune keeps, and it is not the new one: that is on top of others.
        var lowest = _nodes[Bottom].Above;
        var demoted = _nodes[lowest].Frame;
        Free(lowest);
        _nodeOf[demoted] = NoNode;
        _isLow[demoted] = 0;
        _low--;
        _queue.PushBack(0, demoted);
    }

    /// <summary>Takes entries off the bottom of the stack until it is an LIR page.</summary>
    private void Prune()
    {
        while (true)
        {
            var lowest = _nodes[Bottom].Above;
            if (lowest == Bottom)
            {
                return;
            }

            var frame = _nodes[lowest].Frame;
            if (frame >= 0)
            {
                if (_isLow[frame] != 0)
                {
                    return;
                }

                _nodeOf[frame] = NoNode;
            }

            Free(lowest);
        }
    }

    private readonly int NodeOf(in Arrival arrival, uint tag)
    {
        var node = arrival.Shadow;
        return node > 0 && _nodes[node].Frame == Gone && _nodes[node].Tag == tag ? node : NoNode;
    }

    private void PushTop(int frame)
    {
        if (_unused == NoNode)
        {
            var old = _nodes.Length;
            Array.Resize(ref _nodes, checked(old * 2));
            ChainUnused(old);
        }

        var node = _unused;
        _unused = _nodes[node].Below;
        _nodes[node].Frame = frame;
        _nodeOf[frame] = node;
        LinkTop(node);
    }

    private readonly void LinkTop(int node)
    {
        ref var ring = ref _nodes[Bottom];
        ref var entry = ref _nodes[node];
        entry.Above = Bottom;
        entry.Below = ring.Below;
        _nodes[ring.Below].Above = node;
        ring.Below = node;
    }

    private readonly void Unlink(int node)
    {
        var entry = _nodes[node];
        _nodes[entry.Above].Below = entry.Below;
        _nodes[entry.Below].Above = entry.Above;
    }

    private void Free(int node)
    {
        Unlink(node);
        _nodes[node].Frame = Unused;
        _nodes[node].Below = _unused;
        _unused = node;
    }

    private void ChainUnused(int from)
    {
        for (var node = _nodes.Length - 1; node >= from; node--)
        {
            _nodes[node].Frame = Unused;
            _nodes[node].Below = _unused;
            _unused = node;
        }
    }

    /// <summary>An entry of the stack, 16 bytes: resident (Frame), gone (Tag says which page) or unused (Below chains).</summary>
    private struct Node
    {
        public int Above;
        public int Below;
        public int Frame;
        public uint Tag;
    }
}
