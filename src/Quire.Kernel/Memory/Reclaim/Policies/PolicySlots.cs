using Quire.Primitives;

namespace Quire.Kernel.Memory.Reclaim.Policies;

/// <summary>
/// The frames of a pool by the numbers that its policy knows them by, 0 up to the pool's size. A frame's number stands in its place
/// (<see cref="FramePlace.Newer"/>), with marks that say what the policy knows of it.
/// </summary>
internal sealed class PolicySlots
{
    /// <summary>The frame has a number.</summary>
    public const byte HasSlot = 1;

    /// <summary>The policy knows of the frame: admitted, neither evicted nor removed.</summary>
    public const byte InPolicy = 2;

    /// <summary>The reference that brought the page in has not been made yet.</summary>
    public const byte Arriving = 4;

    /// <summary>Held fast by a locked region.</summary>
    public const byte Locked = 8;

    /// <summary>Counts as a page of a file.</summary>
    public const byte OfFile = 16;

    /// <summary>Given up by the policy, and still there until the instruction that faulted has restarted.</summary>
    public const byte Condemned = 32;

    /// <summary>Unknown to the policy until the program's first reference.</summary>
    public const byte Waiting = 64;

    /// <summary>Waits since the program was last interrupted: its accessed bit is of the kernel's making.</summary>
    public const byte Unreached = 128;

    private readonly FramePlaces _places;
    private readonly uint[] _frames;
    private readonly int[] _free;
    private int _freeCount;

    public PolicySlots(FramePlaces places, int count)
    {
        _places = places;
        _frames = new uint[count];
        _free = new int[count];

        // Lowest first.
        for (var slot = 0; slot < count; slot++)
        {
            _free[slot] = count - 1 - slot;
        }

        _freeCount = count;
        _frames.AsSpan().Fill(FrameNumber.None.Value);
    }

    public int Count => _frames.Length;

    public int Used => _frames.Length - _freeCount;

    public FrameNumber FrameIn(int slot) => new(_frames[slot]);

    public bool IsTaken(int slot) => (uint)slot < (uint)_frames.Length && _frames[slot] != FrameNumber.None.Value;

    /// <summary>The frame is in this policy's hands.</summary>
    public bool Holds(FrameNumber frame)
    {
        ref var place = ref _places[frame];
        return (place.Marks & InPolicy) != 0 && IsTaken((int)place.Newer) && _frames[place.Newer] == frame.Value;
    }

    public bool TryTake(FrameNumber frame, out int slot)
    {
        slot = -1;
        if (_freeCount == 0)
        {
            return false;
        }

        slot = _free[--_freeCount];
        _frames[slot] = frame.Value;
        ref var place = ref _places[frame];
        place.Newer = (uint)slot;
        place.Marks |= HasSlot;
        return true;
    }

    public void Return(FrameNumber frame)
    {
        ref var place = ref _places[frame];
        _frames[place.Newer] = FrameNumber.None.Value;
        _free[_freeCount++] = (int)place.Newer;
        place.Marks &= unchecked((byte)~HasSlot);
    }
}
