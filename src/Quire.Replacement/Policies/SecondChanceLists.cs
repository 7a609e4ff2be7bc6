namespace Quire.Replacement;

/// <summary>
/// Two lists, as Linux had until multi-generations: pages enter the inactive list; at its end a referenced page moves to the active list, another
/// goes. While the inactive list is shorter than its share, the end of the active list is deactivated; a page referenced there rotates.
/// Differs from Linux: one reference bit decides, no mark_page_accessed; the share is fixed, not by memory size and refaults.
/// </summary>
public struct SecondChanceLists : IReplacementPolicy, IPolicyDefinition<SecondChanceLists>, IDescribesState
{
    private const int Active = 0;
    private const int Inactive = 1;

    private readonly ReferenceBits _bits;
    private readonly FrameLists _lists;
    private readonly bool[] _isActive;
    private readonly int _inactiveShare;
    private int _active;
    private int _inactive;

    private SecondChanceLists(in PolicySetup setup)
    {
        _bits = setup.Bits;
        _lists = new FrameLists(setup.Frames, 2);
        _isActive = new bool[setup.Frames];
        _inactiveShare = setup.Parameters.Share("inactive", 50, setup.Frames, 1);
    }

    public static PolicyDescription Description { get; } = new(
        "second-chance", "the end of the inactive list that was not referenced there", "Babaoglu and Joy, Converting a swap-based system to do paging, SOSP 1981; Gorman, Understanding the Linux virtual memory manager, chapter 10", "unreferenced at the end of the inactive list")
    {
        Aliases = ["two-list", "active-inactive"],
        Parameters = [new("inactive", "50%", "share of frames that the inactive list keeps at least")],
    };

    public static InformationSource Source => InformationSource.ReferenceBits;

    public static SecondChanceLists Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        _bits.SetReferenced(frame, ReferenceBit.Clear);
        _isActive[frame] = false;
        _lists.PushFront(Inactive, frame);
        _inactive++;
    }

    public void Touch(int frame, int count, long time)
    {
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        for (var left = 3L * (_active + _inactive); left >= 0; left--)
        {
            Balance();
            var frame = _lists.Last(Inactive);
            if (frame < 0)
            {
                break;
            }

            if (_bits.IsPinned(frame))
            {
                Move(frame, _isActive[frame] ? Active : Inactive);
            }
            else if (_bits.TestAndClearReferenced(frame))
            {
                Move(frame, Active);
            }
            else
            {
                Remove(frame);
                return frame;
            }
        }

        return -1;
    }

    public void Remove(int frame)
    {
        _lists.Remove(frame);
        if (_isActive[frame])
        {
            _active--;
        }
        else
        {
            _inactive--;
        }
    }

    public readonly string DescribeState(Func<int, string> pageIn) => $"active {_lists.Describe(Active, pageIn)} inactive {_lists.Describe(Inactive, pageIn)}";

    private void Balance()
    {
        for (var left = _active; left > 0 && _inactive < _inactiveShare; left--)
        {
            var frame = _lists.Last(Active);
            Move(frame, _bits.TestAndClearReferenced(frame) ? Active : Inactive);
        }

        // Every active page was referenced: the end goes down anyway, or nothing could ever be evicted.
        if (_inactive == 0 && _active > 0)
        {
            Move(_lists.Last(Active), Inactive);
        }
    }

    private void Move(int frame, int list)
    {
        Remove(frame);
        _lists.PushFront(list, frame);
        _isActive[frame] = list == Active;
        if (list == Active)
        {
            _active++;
        }
        else
        {
            _inactive++;
        }
    }
}
