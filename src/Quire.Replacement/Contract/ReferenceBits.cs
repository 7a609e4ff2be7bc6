namespace Quire.Replacement;

/// <summary>
/// Accessed and dirty bits of frames. The kernel answers from page tables through the reverse map (and drops stale translations when a bit is
/// cleared); replay from an array. Called while scanning, never once a reference.
/// </summary>
public abstract class ReferenceBits
{
    public abstract bool IsReferenced(int frame);

    public abstract bool TestAndClearReferenced(int frame);

    /// <summary>Gives a page a bit it has not earned by a reference, or takes it: what a policy wants at admission.</summary>
    public abstract void SetReferenced(int frame, ReferenceBit bit);

    public abstract bool IsDirty(int frame);

    /// <summary>Starts writing the page out; it counts as clean from now on until it is written again.</summary>
    public abstract void WriteBack(int frame);

    /// <summary>A pinned frame must not be evicted now.</summary>
    public virtual bool IsPinned(int frame) => false;
}

public enum ReferenceBit : byte
{
    Clear = 0,
    Set = 1,
}

/// <summary>Bits in an array, one byte a frame, which the owner of the references writes directly. Bit 0: referenced. Bit 1: dirty.</summary>
public sealed class FrameBits(int frames) : ReferenceBits
{
    public const byte Referenced = 1;
    public const byte Dirty = 2;

    private readonly byte[] _bits = new byte[frames];

    /// <summary>Pages written out by <see cref="WriteBack"/>.</summary>
    public long WriteBacks { get; private set; }

    public byte[] Bytes => _bits;

    public override bool IsReferenced(int frame) => (_bits[frame] & Referenced) != 0;

    public override bool TestAndClearReferenced(int frame)
    {
        ref var bits = ref _bits[frame];
        var set = (bits & Referenced) != 0;
        bits &= unchecked((byte)~Referenced);
        return set;
    }

    public override void SetReferenced(int frame, ReferenceBit bit)
    {
        ref var bits = ref _bits[frame];
        bits = (byte)((bits & ~Referenced) | (byte)bit);
    }

    public override bool IsDirty(int frame) => (_bits[frame] & Dirty) != 0;

    public override void WriteBack(int frame)
    {
        _bits[frame] &= unchecked((byte)~Dirty);
        WriteBacks++;
    }
}
