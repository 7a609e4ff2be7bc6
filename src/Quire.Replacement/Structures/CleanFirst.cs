namespace Quire.Replacement;

/// <summary>
/// Preference for victims that need no write: the first clean page within a window at the end of a list, else the last page. The window of
/// CFLRU (Park et al., CASES 2006, section 3: clean-first region of w pages).
/// </summary>
public readonly struct CleanFirst
{
    private readonly int _window;
    private readonly ReferenceBits _bits;

    private CleanFirst(int window, ReferenceBits bits)
    {
        _window = window;
        _bits = bits;
    }

    public static PolicyParameter Parameter { get; } = new("clean", "0", "prefer a clean page among this many (or 25%) next victims (CFLRU's window)");

    public static CleanFirst From(in PolicySetup setup) => new(setup.Parameters.Share("clean", 0, setup.Frames, 0), setup.Bits);

    /// <summary>The victim at the back of the list; -1 if nothing can go.</summary>
    public int Choose(FrameLists lists, int list)
    {
        var last = lists.Last(list);
        while (last >= 0 && _bits.IsPinned(last))
        {
            last = lists.Before(last);
        }

        var candidate = last;
        for (var left = _window; left > 0 && candidate >= 0; left--)
        {
            if (!_bits.IsDirty(candidate) && !_bits.IsPinned(candidate))
            {
                return candidate;
            }

            candidate = lists.Before(candidate);
        }

        return last;
    }
}
