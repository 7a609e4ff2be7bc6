using Quire.Primitives;

namespace Quire.Kernel.Memory.Reclaim;

/// <summary>A list of frames, newest to oldest, linked through their places: any frame leaves in constant time.</summary>
internal struct FrameChain
{
    private const uint End = uint.MaxValue;

    private readonly FramePlaces _places;
    private uint _newest = End;
    private uint _oldest = End;

    public FrameChain(FramePlaces places)
    {
        _places = places;
    }

    public uint Count { get; private set; }

    /// <summary>None when empty.</summary>
    public readonly FrameNumber Oldest => new(_oldest);

    public void AddNewest(FrameNumber frame)
    {
        ref var place = ref _places[frame];
        place.Newer = End;
        place.Older = _newest;
        if (_newest == End)
        {
            _oldest = frame.Value;
        }
        else
        {
            _places[new FrameNumber(_newest)].Newer = frame.Value;
        }

        _newest = frame.Value;
        Count++;
    }

    public void AddOldest(FrameNumber frame)
    {
        ref var place = ref _places[frame];
        place.Older = End;
        place.Newer = _oldest;
        if (_oldest == End)
        {
            _newest = frame.Value;
        }
        else
        {
            _places[new FrameNumber(_oldest)].Older = frame.Value;
        }

        _oldest = frame.Value;
        Count++;
    }

    public void RemoveOldest()
    {
        _oldest = _places[new FrameNumber(_oldest)].Newer;
        if (_oldest == End)
        {
            _newest = End;
        }
        else
        {
            _places[new FrameNumber(_oldest)].Older = End;
        }

        Count--;
    }

    public void Remove(FrameNumber frame)
    {
        ref var place = ref _places[frame];
        if (place.Newer == End)
        {
            _newest = place.Older;
        }
        else
        {
            _places[new FrameNumber(place.Newer)].Older = place.Older;
        }

        if (place.Older == End)
        {
            _oldest = place.Newer;
        }
        else
        {
            _places[new FrameNumber(place.Older)].Newer = place.Newer;
        }

        Count--;
    }
}
