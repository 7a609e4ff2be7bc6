using System.Globalization;

namespace Quire.Allocation;

/// <summary>The numbers of text formats; what is none is said with its place.</summary>
internal static class WorkloadFields
{
    /// <summary>An address: hexadecimal digits, with or without 0x.</summary>
    public static ulong Address(string text, string file, int line) => TryHex(text, out var value)
        ? value
        : throw new WorkloadFormatException(file, line, $"\"{text}\" is not a hexadecimal number");

    /// <summary>A size in hexadecimal digits, which no program can ask for beyond 2^63 - 1.</summary>
    public static long HexadecimalSize(string text, string file, int line) => Address(text, file, line) is var size && size <= long.MaxValue
        ? (long)size
        : throw new WorkloadFormatException(file, line, $"{text} is no size: it has more than 63 bits");

    /// <summary>A decimal number from 0 to <paramref name="most"/>.</summary>
    public static long Number(string text, string what, string file, int line, long most = long.MaxValue) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= 0 && value <= most
            ? value
            : throw new WorkloadFormatException(file, line, $"\"{text}\" is no {what}: a number from 0 to {most.ToString(CultureInfo.InvariantCulture)}");

    private static bool TryHex(string text, out ulong value) =>
        ulong.TryParse(text.StartsWith("0x", StringComparison.Ordinal) ? text.AsSpan(2) : text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
}
