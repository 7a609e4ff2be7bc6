using System.Globalization;

namespace Quire.Primitives;

/// <summary>A moment or a span of the machine's own time, in nanoseconds. It passes only by counted work, never by the host's clock.</summary>
public readonly record struct VirtualTime(long Nanoseconds) : IComparable<VirtualTime>
{
    public static readonly VirtualTime Zero = new(0);
    public static readonly VirtualTime Never = new(long.MaxValue);

    public double Seconds => Nanoseconds / 1e9;

    public static VirtualTime FromMicroseconds(long count) => new(count * 1_000);
    public static VirtualTime FromMilliseconds(long count) => new(count * 1_000_000);

    public int CompareTo(VirtualTime other) => Nanoseconds.CompareTo(other.Nanoseconds);
    public override string ToString() => Seconds.ToString("0.000000000", CultureInfo.InvariantCulture) + " s";

    public static VirtualTime operator +(VirtualTime left, VirtualTime right) => new(left.Nanoseconds + right.Nanoseconds);
    public static VirtualTime operator -(VirtualTime left, VirtualTime right) => new(left.Nanoseconds - right.Nanoseconds);
    public static bool operator <(VirtualTime left, VirtualTime right) => left.Nanoseconds < right.Nanoseconds;
    public static bool operator >(VirtualTime left, VirtualTime right) => left.Nanoseconds > right.Nanoseconds;
    public static bool operator <=(VirtualTime left, VirtualTime right) => left.Nanoseconds <= right.Nanoseconds;
    public static bool operator >=(VirtualTime left, VirtualTime right) => left.Nanoseconds >= right.Nanoseconds;
}
