namespace Quire.Primitives;

/// <summary>A linear address as a program uses it.</summary>
public readonly record struct VirtualAddress(ulong Value) : IComparable<VirtualAddress>
{
    public ulong PageNumber => Value >> Page.Shift;
    public ulong PageOffset => Value & Page.OffsetMask;
    public VirtualAddress PageStart => new(Value & Page.Mask);

    public int CompareTo(VirtualAddress other) => Value.CompareTo(other.Value);
    public override string ToString() => $"0x{Value:x}";

    public static VirtualAddress operator +(VirtualAddress address, ulong bytes) => new(address.Value + bytes);
    public static VirtualAddress operator -(VirtualAddress address, ulong bytes) => new(address.Value - bytes);
    public static ulong operator -(VirtualAddress left, VirtualAddress right) => left.Value - right.Value;
    public static bool operator <(VirtualAddress left, VirtualAddress right) => left.Value < right.Value;
    public static bool operator >(VirtualAddress left, VirtualAddress right) => left.Value > right.Value;
    public static bool operator <=(VirtualAddress left, VirtualAddress right) => left.Value <= right.Value;
    public static bool operator >=(VirtualAddress left, VirtualAddress right) => left.Value >= right.Value;
}

/// <summary>A byte of simulated RAM, counted from its start.</summary>
public readonly record struct PhysicalAddress(ulong Value)
{
    public FrameNumber Frame => new((uint)(Value >> Page.Shift));
    public ulong PageOffset => Value & Page.OffsetMask;
    public override string ToString() => $"0x{Value:x}";

    public static PhysicalAddress operator +(PhysicalAddress address, ulong bytes) => new(address.Value + bytes);
}

/// <summary>Index of a 4 KiB frame of simulated RAM: 32 bits reach 16 TiB.</summary>
public readonly record struct FrameNumber(uint Value)
{
    /// <summary>No frame. Never a valid index.</summary>
    public static readonly FrameNumber None = new(uint.MaxValue);

    public bool IsNone => Value == uint.MaxValue;
    public PhysicalAddress Address => new((ulong)Value << Page.Shift);

    public override string ToString() => IsNone ? "none" : $"frame {Value}";

    public static FrameNumber operator +(FrameNumber frame, uint count) => new(frame.Value + count);
}

/// <summary>Half-open range of virtual addresses: Start is inside, End is not.</summary>
public readonly record struct VirtualRange(VirtualAddress Start, VirtualAddress End)
{
    public ulong Length => End.Value - Start.Value;
    public bool IsEmpty => End.Value <= Start.Value;
    public bool Contains(VirtualAddress address) => address.Value - Start.Value < Length;
    public bool Overlaps(VirtualRange other) => Start.Value < other.End.Value && other.Start.Value < End.Value;
    public override string ToString() => $"{Start.Value:x}-{End.Value:x}";

    public static VirtualRange FromLength(VirtualAddress start, ulong length) => new(start, start + length);
}
