using System.Runtime.CompilerServices;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Reclaim;

/// <summary>
/// A list of frames, newest to oldest, linked through their places: any frame leaves in constant time. Caller keeps true: the places outlive the list, and
/// frames that leave are in it.
/// </summary>
internal unsafe struct FrameChain
{
    private const uint End = uint.MaxValue;

    private readonly FramePlace* _places;
    private uint _newest = End;
    private uint _oldest = End;

    public FrameChain(FramePlaces places)
    {
        _places = places.Pointer;
    }

    public uint Count { get; private set; }

    /// <summary>None when empty.</summary>
    public readonly FrameNumber Oldest => new(_oldest);

    /// <summary>The frame that becomes the oldest when the oldest goes; None at the end.</summary>
    public readonly FrameNumber NextOldest => new(_places[_oldest].Newer);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddNewest(FrameNumber frame)
    {
        var place = _places + frame.Value;
        place->Newer = End;
        place->Older = _newest;
        if (_newest == End)
        {
            _oldest = frame.Value;
        }
        else
        {
            _places[_newest].Newer = frame.Value;
        }

        _newest = frame.Value;
        Count++;
    }

    public void AddOldest(FrameNumber frame)
    {
        var place = _places + frame.Value;
        place->Older = End;
        place->Newer = _oldest;
        if (_oldest == End)
        {
            _newest = frame.Value;
        }
        else
        {
            _places[_oldest].Older = frame.Value;
        }

        _oldest = frame.Value;
        Count++;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void RemoveOldest()
    {
        _oldest = _places[_oldest].Newer;
        if (_oldest == End)
        {
            _newest = End;
        }
        else
        {
            _places[_oldest].Older = End;
        }

        Count--;
    }

    public void Remove(FrameNumber frame)
    {
        var place = _places + frame.Value;
        if (place->Newer == End)
        {
            _newest = place->Older;
        }
        else
        {
            _places[place->Newer].Older = place->Older;
        }

        if (place->Older == End)
        {
            _oldest = place->Newer;
        }
        else
        {
            _places[place->Older].Newer = place->Newer;
        }

        Count--;
    }
}
