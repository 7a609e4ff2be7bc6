using System.Runtime.CompilerServices;
using System.Text;

namespace Quire.Replacement;

/// <summary>
/// Several doubly linked lists of frames in one array of links, 8 bytes a frame. A frame is in one list at most. Each list is a ring through
/// a sentinel kept behind the frames, so that adding and removing take no branch.
/// </summary>
public readonly struct FrameLists
{
    private readonly Link[] _links;
    private readonly int _frames;

    public FrameLists(int frames, int lists)
    {
        _frames = frames;
        _links = new Link[frames + lists];
        for (var list = 0; list < lists; list++)
        {
            _links[frames + list] = new Link { Previous = frames + list, Next = frames + list };
        }
    }

    /// <summary>-1 if the list is empty.</summary>
    public int First(int list)
    {
        var frame = _links[_frames + list].Next;
        return frame < _frames ? frame : -1;
    }

    /// <summary>-1 if the list is empty.</summary>
    public int Last(int list)
    {
        var frame = _links[_frames + list].Previous;
        return frame < _frames ? frame : -1;
    }

    /// <summary>The neighbour towards the front, -1 at the front.</summary>
    public int Before(int frame)
    {
        var other = _links[frame].Previous;
        return other < _frames ? other : -1;
    }

    /// <summary>The neighbour towards the back, -1 at the back.</summary>
    public int After(int frame)
    {
        var other = _links[frame].Next;
        return other < _frames ? other : -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PushFront(int list, int frame)
    {
        var links = _links;
        ref var head = ref links[_frames + list];
        ref var link = ref links[frame];
        link.Previous = _frames + list;
        link.Next = head.Next;
        links[head.Next].Previous = frame;
        head.Next = frame;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PushBack(int list, int frame)
    {
        var links = _links;
        ref var head = ref links[_frames + list];
        ref var link = ref links[frame];
        link.Next = _frames + list;
        link.Previous = head.Previous;
        links[head.Previous].Next = frame;
        head.Previous = frame;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Remove(int frame)
    {
        var links = _links;
        var link = links[frame];
        links[link.Previous].Next = link.Next;
        links[link.Next].Previous = link.Previous;
    }

    /// <summary>Frames of a list from front to back, named by <paramref name="pageIn"/>: "[3 1 4]".</summary>
    public string Describe(int list, Func<int, string> pageIn)
    {
        var text = new StringBuilder("[");
        for (var frame = First(list); frame >= 0; frame = After(frame))
        {
            text.Append(text.Length > 1 ? " " : "").Append(pageIn(frame));
        }

        return text.Append(']').ToString();
    }

    private struct Link
    {
        public int Previous;
        public int Next;
    }
}
