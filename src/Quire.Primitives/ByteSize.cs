using System.Globalization;

namespace Quire.Primitives;

/// <summary>An amount of memory in bytes. K, M, G, T are binary multiples, as everywhere in this field.</summary>
public readonly record struct ByteSize(ulong Bytes) : IComparable<ByteSize>
{
    public ulong Pages => Bytes >> Page.Shift;

    public int CompareTo(ByteSize other) => Bytes.CompareTo(other.Bytes);

    public static bool operator <(ByteSize left, ByteSize right) => left.Bytes < right.Bytes;
    public static bool operator >(ByteSize left, ByteSize right) => left.Bytes > right.Bytes;
    public static bool operator <=(ByteSize left, ByteSize right) => left.Bytes <= right.Bytes;
    public static bool operator >=(ByteSize left, ByteSize right) => left.Bytes >= right.Bytes;

    public static ByteSize FromKiB(ulong count) => new(count << 10);
    public static ByteSize FromMiB(ulong count) => new(count << 20);

    /// <summary>
    /// Reads "4096", "64K", "64k", "64KiB", "1.5G". The unit multiplies by 1024 each step.
    /// False for anything else: signs, blanks inside, fractions of a byte, values that do not fit 63 bits.
    /// </summary>
    public static bool TryParse(string text, out ByteSize size)
    {
        size = default;
        var digits = 0;
        while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.'))
        {
            digits++;
        }

        if (digits == 0 || !TryShift(text[digits..], out var shift)
            || !decimal.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || number > long.MaxValue >> shift)
        {
            return false;
        }

        var bytes = number * (1UL << shift);
        if (bytes != decimal.Truncate(bytes))
        {
            return false;
        }

        size = new ByteSize((ulong)bytes);
        return true;
    }

    /// <summary>The shortest exact or one-decimal form: "64M", "1.5G", "100K", "12".</summary>
    public override string ToString()
    {
        ReadOnlySpan<string> units = ["", "K", "M", "G", "T", "P"];
        var unit = 0;
        double value = Bytes;
        while (value >= 1024 && unit < units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return value.ToString("0.#", CultureInfo.InvariantCulture) + units[unit];
    }

    private static bool TryShift(string unit, out int shift)
    {
        shift = unit switch
        {
            "" or "B" => 0,
            "K" or "k" or "KiB" => 10,
            "M" or "m" or "MiB" => 20,
            "G" or "g" or "GiB" => 30,
            "T" or "t" or "TiB" => 40,
            _ => -1,
        };
        return shift >= 0;
    }
}
