namespace Quire.Replacement;

/// <summary>
/// CLOCK-Pro: LIRS by reference bits. One circle holds hot pages, resident cold pages, and cold pages that have left memory during their test
/// period; those are remembered by their shadow. The circle is kept as a list cut at HANDhot: the oldest entry is where that hand stands, and what
/// the hand passes becomes the newest. HANDcold and HANDtest are where section 4.2 defines them: at the resident cold page, and at the page in its
/// test period, farthest from the newest. _coldShare is m_c, which a page used again in its test period raises and one that was not lowers (4.4).
/// <para>
/// Where the paper is silent: pages come in cold while memory fills, and HANDhot moves only when hot pages exceed their share; a cold page found
/// referenced outside of its test period begins a new one, since that is what a reference to a page of high reuse distance does in LIRS; a
/// page that was referenced when its test period ends does not lower m_c.
/// </para>
/// </summary>
public struct ClockPro : IReplacementPolicy, IPolicyDefinition<ClockPro>, IDescribesState
{
    private const int Gone = -1;
    private const int Unused = -2;

    // Entry 0 closes the circle: Newer of it is the oldest entry, Older of it the newest.
    private const int Cut = 0;

    private readonly ReferenceBits _bits;
    private readonly int[] _entryOf;
    private readonly Kind[] _kind;
    private readonly uint[] _tag;
    private readonly int _frames;
    private readonly bool _adapts;
    private Entry[] _entries;
    private int _unused;
    private int _coldHand;
    private int _testHand;
    private int _hot;
    private int _cold;
    private int _gone;
    private int _coldShare;

    private ClockPro(in PolicySetup setup)
    {
        _bits = setup.Bits;
        _frames = setup.Frames;
        _coldShare = Math.Min(setup.Frames, setup.Parameters.Share("cold", 1, setup.Frames, 1));
        _adapts = setup.Parameters.Integer("adapt", 1, 0, 1) == 1;
        _entryOf = new int[setup.Frames];
        _kind = new Kind[setup.Frames];
        _tag = new uint[setup.Frames];
        _entries = new Entry[(2 * setup.Frames) + 2];
        ChainUnused(1);
    }

    private enum Kind : byte
    {
        Hot,
        Cold,
        ColdInTest,
    }

    private enum Hand
    {
        Cold,
        Test,
    }

    public static PolicyDescription Description { get; } = new(
        "clock-pro", "the unreferenced cold page farthest from the newest", "Jiang, Chen and Zhang, CLOCK-Pro: an effective improvement of the CLOCK replacement, USENIX ATC 2005", "cold and unreferenced under HANDcold")
    {
        Aliases = ["clockpro"],
        Parameters = [new("cold", "1%", "frames for cold pages at first (m_c)"), new("adapt", "1", "1: the share of cold pages is learnt, 0: it stays")],
    };

    public static InformationSource Source => InformationSource.ReferenceBits;

    public static ClockPro Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        var tag = GhostLists.TagOf(arrival.Page);
        _tag[frame] = tag;
        _bits.SetReferenced(frame, ReferenceBit.Clear);
        var entry = arrival.Shadow;
        if (entry > Cut && _entries[entry].Frame == Gone && _entries[entry].Tag == tag)
        {
            Leave(entry);
            _gone--;
            Join(frame, Kind.Hot);
            Learn(+1);
            TurnHotHand(most: _frames);
        }
        else
        {
            Join(frame, Kind.ColdInTest);
        }

        while (_gone > _frames)
        {
            TurnTestHand();
        }
    }

    public void Touch(int frame, int count, long time)
    {
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        var pinned = 0;
        for (var left = (4L * (_hot + _cold)) + 4; left >= 0 && _hot + _cold > 0; left--)
        {
            if (_cold <= pinned)
            {
                // Memory was not full when the kernel asked, and every page that may go is hot.
                TurnHotHand(most: _hot - 1);
            }

            var frame = _entries[_coldHand = OldestFrom(_coldHand, Hand.Cold)].Frame;
            var kind = _kind[frame];
            if (_bits.IsPinned(frame))
            {
                pinned++;
                MoveToNewest(frame, kind);
            }
            else if (!_bits.TestAndClearReferenced(frame))
            {
                return Expel(frame, kind, out shadow);
            }
            else if (kind == Kind.ColdInTest)
            {
                MoveToNewest(frame, Kind.Hot);
                Learn(+1);
                TurnHotHand(most: _frames);
            }
            else
            {
                MoveToNewest(frame, Kind.ColdInTest);
            }
        }

        return -1;
    }

    public void Remove(int frame)
    {
        Leave(_entryOf[frame]);
        Count(_kind[frame], -1);
    }

    public readonly string DescribeState(Func<int, string> pageIn)
    {
        var parts = new List<string>();
        for (var entry = _entries[Cut].Newer; entry != Cut; entry = _entries[entry].Newer)
        {
            var frame = _entries[entry].Frame;
            parts.Add(frame == Gone ? "gone" : pageIn(frame) + (_kind[frame] switch { Kind.Hot => "H", Kind.Cold => "C", _ => "T" }) + (_bits.IsReferenced(frame) ? "*" : ""));
        }

        return $"hot hand> [{string.Join(' ', parts)}] mc={_coldShare}";
    }

    private int Expel(int frame, Kind kind, out int shadow)
    {
        var entry = _entryOf[frame];
        Count(kind, -1);
        shadow = Arrival.NoShadow;
        if (kind == Kind.ColdInTest)
        {
            _entries[entry].Frame = Gone;
            _entries[entry].Tag = _tag[frame];
            _gone++;
            shadow = entry;
        }
        else
        {
            Leave(entry);
        }

        return frame;
    }

    /// <summary>Hot pages under the hand turn cold, or lose their reference bit and stay, until no more are hot than their share and <paramref name="most"/>; the hand stops at a hot page.</summary>
    private void TurnHotHand(int most)
    {
        while (_hot > 0)
        {
            var entry = _entries[Cut].Newer;
            var frame = _entries[entry].Frame;
            if (frame == Gone || _kind[frame] != Kind.Hot)
            {
                EndTest(entry);
                if (frame != Gone)
                {
                    MoveToNewest(frame, Kind.Cold);
                }
            }
            else if (_hot <= Math.Min(most, _frames - _coldShare))
            {
                return;
            }
            else
            {
                MoveToNewest(frame, _bits.TestAndClearReferenced(frame) ? Kind.Hot : Kind.Cold);
            }
        }
    }

    private void TurnTestHand() => EndTest(_testHand = OldestFrom(_testHand, Hand.Test));

    /// <summary>A page that has left memory is forgotten, a resident one stays where it is.</summary>
    private void EndTest(int entry)
    {
        var frame = _entries[entry].Frame;
        if (frame == Gone)
        {
            Leave(entry);
            _gone--;
            Learn(-1);
        }
        else if (_kind[frame] == Kind.ColdInTest)
        {
            _kind[frame] = Kind.Cold;
            Learn(_bits.IsReferenced(frame) ? 0 : -1);
        }
    }

    private void Learn(int by)
    {
        if (_adapts)
        {
            _coldShare = Math.Clamp(_coldShare + by, 1, _frames);
        }
    }

    /// <summary>The first entry towards the newest that a hand stops at. Entries join at the newest only, so nothing for the hand is behind it.</summary>
    private readonly int OldestFrom(int entry, Hand hand)
    {
        entry = entry == Cut ? _entries[Cut].Newer : entry;
        while (true)
        {
            var frame = _entries[entry].Frame;
            var stops = frame == Gone ? hand == Hand.Test : _kind[frame] == Kind.ColdInTest || (hand == Hand.Cold && _kind[frame] == Kind.Cold);
            if (stops)
            {
                return entry;
            }

            entry = _entries[entry].Newer;
        }
    }

    private void MoveToNewest(int frame, Kind kind)
    {
        Remove(frame);
        Join(frame, kind);
    }

    /// <summary>Adds a resident page as the newest entry.</summary>
    private void Join(int frame, Kind kind)
    {
        if (_unused == Cut)
        {
            var old = _entries.Length;
            Array.Resize(ref _entries, checked(old * 2));
            ChainUnused(old);
        }

        var entry = _unused;
        _unused = _entries[entry].Newer;
        var newest = _entries[Cut].Older;
        _entries[entry] = new Entry { Older = newest, Newer = Cut, Frame = frame };
        _entries[newest].Newer = entry;
        _entries[Cut].Older = entry;
        _entryOf[frame] = entry;
        _kind[frame] = kind;
        Count(kind, +1);

        // A hand with nothing before it but the cut waits there for what comes.
        _coldHand = _coldHand == Cut ? entry : _coldHand;
        _testHand = _testHand == Cut ? entry : _testHand;
    }

    private void Leave(int entry)
    {
        var (older, newer) = (_entries[entry].Older, _entries[entry].Newer);
        _coldHand = _coldHand == entry ? newer : _coldHand;
        _testHand = _testHand == entry ? newer : _testHand;
        _entries[older].Newer = newer;
        _entries[newer].Older = older;
        _entries[entry] = new Entry { Newer = _unused, Frame = Unused };
        _unused = entry;
    }

    private void Count(Kind kind, int by)
    {
        _hot += kind == Kind.Hot ? by : 0;
        _cold += kind == Kind.Hot ? 0 : by;
    }

    private void ChainUnused(int from)
    {
        for (var entry = _entries.Length - 1; entry >= from; entry--)
        {
            _entries[entry] = new Entry { Newer = _unused, Frame = Unused };
            _unused = entry;
        }
    }

    /// <summary>16 bytes: resident (Frame), gone (Tag says which page) or unused (Newer chains).</summary>
    private struct Entry
    {
        public int Older;
        public int Newer;
        public int Frame;
        public uint Tag;
    }
}
