using System.Globalization;
using Quire.Kernel.Memory.Groups;
using Quire.Primitives;

namespace Quire.Kernel.Files.ControlGroups;

/// <summary>The numbers that control files take and show, read as Linux's memparse, kstrtoint and page_counter_memparse do.</summary>
internal static class ControlValue
{
    private const string Most = "max";

    /// <summary>"max" for no limit, else a number.</summary>
    public static string Show(long value) => value == MemoryGroup.Unlimited ? "max\n" : value.ToString(CultureInfo.InvariantCulture) + "\n";

    /// <summary>An amount of memory in whole pages, or "max": octal, decimal or hexadecimal, with one of K M G T P E; nothing at all is 0.</summary>
    public static Errno ReadBytes(string text, out long bytes)
    {
        bytes = MemoryGroup.Unlimited;
        text = Strip(text);
        if (text == Most)
        {
            return Errno.None;
        }

        var digits = TakeNumber(text, out var value);
        var rest = text[digits..];
        if (rest.Length > 0 && "KMGTPE".IndexOf(char.ToUpperInvariant(rest[0]), StringComparison.Ordinal) is var unit and >= 0)
        {
            value = unchecked(value << (10 * (unit + 1)));
            rest = rest[1..];
        }

        if (rest.Length > 0)
        {
            return Errno.EINVAL;
        }

        bytes = value >= long.MaxValue ? MemoryGroup.Unlimited : (long)(value & ~(ulong)(Page.Size - 1));
        return Errno.None;
    }

    /// <summary>A whole number with an optional sign: EINVAL for anything else, ERANGE outside of what an int holds.</summary>
    public static Errno ReadNumber(string text, out int number)
    {
        number = 0;
        var error = ReadNumber(text, out long wide);
        if (error == Errno.None && wide is < int.MinValue or > int.MaxValue)
        {
            return Errno.ERANGE;
        }

        number = (int)wide;
        return error;
    }

    public static Errno ReadNumber(string text, out long number)
    {
        number = 0;
        text = Strip(text);
        var isNegative = text.StartsWith('-');
        text = isNegative || text.StartsWith('+') ? text[1..] : text;
        var digits = TakeNumber(text, out var value);
        if (digits == 0 || digits < text.Length)
        {
            return Errno.EINVAL;
        }

        if (value > long.MaxValue || digits > LongestNumber)
        {
            return Errno.ERANGE;
        }

        number = isNegative ? -(long)value : (long)value;
        return Errno.None;
    }

    /// <summary>A limit on a number of things, or "max".</summary>
    public static Errno ReadCount(string text, out long count)
    {
        count = MemoryGroup.Unlimited;
        return Strip(text) == Most ? Errno.None : ReadNumber(text, out count);
    }

    /// <summary>Without white space around it (strstrip).</summary>
    public static string Strip(string text) => text.Trim(' ', '\t', '\n', '\v', '\f', '\r');

    // Digits of the longest number in any base that 64 bits hold: octal with its leading zero.
    private const int LongestNumber = 23;

    // simple_strtoull in base 0: how many characters are a number. Beyond 64 bits it wraps, as there.
    private static int TakeNumber(string text, out ulong value)
    {
        value = 0;
        var start = 0;
        var radix = 10u;
        if (text.Length > 2 && text[0] == '0' && text[1] is 'x' or 'X' && char.IsAsciiHexDigit(text[2]))
        {
            start = 2;
            radix = 16;
        }
        else if (text.StartsWith('0'))
        {
            radix = 8;
        }

        var at = start;
        for (; at < text.Length && char.IsAsciiHexDigit(text[at]); at++)
        {
            var digit = (uint)(char.IsAsciiDigit(text[at]) ? text[at] - '0' : (text[at] | 0x20) - 'a' + 10);
            if (digit >= radix)
            {
                break;
            }

            value = unchecked((value * radix) + digit);
        }

        return at;
    }
}
