namespace Quire.Replacement;

/// <summary>
/// Page-fault frequency: a fault sooner than threshold after the last one takes another frame; a later one first gives back every page whose
/// reference bit is clear and clears the others'. If frames run out the first unreferenced page goes, else the first.
/// </summary>
public struct PageFaultFrequency : IReplacementPolicy, IPolicyDefinition<PageFaultFrequency>, IVariableSpacePolicy
{
    private readonly ReferenceBits _bits;
    private readonly long _threshold;
    private FrameRing _ring;
    private long _lastFault;
    private long _sweepTime;
    private int _sweep;

    private PageFaultFrequency(in PolicySetup setup)
    {
        _bits = setup.Bits;
        _ring = new FrameRing(setup.Frames);
        _threshold = setup.Parameters.Integer("threshold", 1000, 0, long.MaxValue >> 1);
        _sweepTime = -1;
    }

    public static PolicyDescription Description { get; } = new(
        "pff", "pages unreferenced since the last shrink, when faults are rarer than the threshold", "Chu and Opderbeck, The page fault frequency replacement algorithm, AFIPS 1972", "first unreferenced, frames having run out")
    {
        Aliases = ["page-fault-frequency"],
        Parameters = [new("threshold", "1000", "virtual time between faults above which pages are given back")],
    };

    public static InformationSource Source => InformationSource.ReferenceBits;

    public static PageFaultFrequency Create(in PolicySetup setup) => new(setup);

    public void Admit(int frame, in Arrival arrival)
    {
        _ring.Add(frame);
        _bits.SetReferenced(frame, ReferenceBit.Set);
        _lastFault = arrival.Time;
    }

    public void Touch(int frame, int count, long time)
    {
    }

    public bool TryRelease(long time, Demand demand, out int frame)
    {
        frame = -1;
        if (demand != Demand.Fault || time - _lastFault <= _threshold)
        {
            return false;
        }

        if (_sweepTime != time)
        {
            (_sweepTime, _sweep) = (time, 0);
        }

        while (_sweep < _ring.Frames)
        {
            var candidate = _sweep++;
            if (_ring.IsResident(candidate) && !_bits.TestAndClearReferenced(candidate) && !_bits.IsPinned(candidate))
            {
                _ring.Remove(candidate);
                frame = candidate;
                return true;
            }
        }

        return false;
    }

    public int Evict(in Arrival incoming, out int shadow)
    {
        shadow = Arrival.NoShadow;
        for (var left = 2L * _ring.Count; left >= 0 && _ring.Count > 0; left--)
        {
            var frame = _ring.Advance();
            if (!_bits.IsPinned(frame) && !_bits.TestAndClearReferenced(frame))
            {
                _ring.Remove(frame);
                return frame;
            }
        }

        return -1;
    }

    public void Remove(int frame) => _ring.Remove(frame);
}
