namespace Quire.Replacement;

/// <summary>
/// Frames in a circle with a hand. A page that is brought in takes its victim's place and the hand moves past it, so the circle is the frames
/// in their own order; frames without a page are passed over.
/// </summary>
public struct FrameRing(int frames)
{
    private readonly bool[] _resident = new bool[frames];
    private int _hand;

    public int Count { get; private set; }

    public readonly int Frames => _resident.Length;

    public readonly int Hand => _hand;

    public readonly bool IsResident(int frame) => _resident[frame];

    public void Add(int frame)
    {
        _resident[frame] = true;
        Count++;
    }

    public void Remove(int frame)
    {
        _resident[frame] = false;
        Count--;
    }

    /// <summary>The frame under the hand, and moves the hand past it. There must be a resident frame.</summary>
    public int Advance()
    {
        // Few of many may be resident.
        var step = _resident.AsSpan(_hand).IndexOf(true);
        var frame = step >= 0 ? _hand + step : _resident.AsSpan(0, _hand).IndexOf(true);
        _hand = frame + 1 == _resident.Length ? 0 : frame + 1;
        return frame;
    }

    public readonly string Describe(Func<int, string> pageIn, Func<int, string> mark)
    {
        var parts = new List<string>();
        for (var step = 0; step < _resident.Length; step++)
        {
            var frame = (_hand + step) % _resident.Length;
            if (_resident[frame])
            {
                parts.Add(pageIn(frame) + mark(frame));
            }
        }

        return $"hand> [{string.Join(' ', parts)}]";
    }
}
