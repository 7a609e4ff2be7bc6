using System.Globalization;
using Quire.Primitives;

namespace Quire.Hardware.Memory;

/// <summary>A place that holds data, from the fastest.</summary>
public enum StorageLevel
{
    Register,
    L1Cache,
    L2Cache,
    Ram,
    SolidStateDisk,
    HardDisk,
}

/// <summary>
/// How long one access to each storage level takes: what turns counts into virtual time. Kept in picoseconds, since a register is faster than
/// the clock's nanosecond. Defaults are the orders of magnitude of Hennessy and Patterson, Computer Architecture (6th ed., figure 2.1), with a
/// disk's seek and half a turn.
/// </summary>
public sealed record LatencyTable
{
    public static readonly LatencyTable Default = new();

    public const string Syntax = "comma list of register=, l1=, l2=, ram=, ssd=, hdd= with a time such as 0.3ns, 100us, 10ms";

    /// <summary>The longest time an entry may have: 10 s.</summary>
    public const long MaximumPicoseconds = 10_000_000_000_000;

    private readonly long[] _picoseconds = [300, 1_000, 4_000, 100_000, 100_000_000, 10_000_000_000];

    private static readonly string[] Names = ["register", "l1", "l2", "ram", "ssd", "hdd"];

    /// <summary>Picoseconds of one access.</summary>
    public long this[StorageLevel level] => _picoseconds[(int)level];

    /// <summary>Time of that many accesses one after another, rounded down to the nanosecond.</summary>
    public VirtualTime Cost(StorageLevel level, ulong accesses) => new((long)((UInt128)accesses * (ulong)this[level] / 1_000));

    /// <summary>Reads <see cref="Syntax"/>; what is not named keeps its default. A number without unit is nanoseconds. False: the error says what is allowed.</summary>
    public static bool TryParse(string text, out LatencyTable table, out string error)
    {
        table = Default;
        var result = new LatencyTable();
        foreach (var part in text.Split(','))
        {
            var equals = part.IndexOf('=');
            var level = equals < 0 ? -1 : Array.IndexOf(Names, part[..equals]);
            if (level < 0)
            {
                error = $"'{part}' is not known; wanted: {Syntax}";
                return false;
            }

            if (!TryTime(part[(equals + 1)..], out result._picoseconds[level]))
            {
                error = $"'{part}' is not a time from 0 to 10s in steps of a picosecond; wanted: {Syntax}";
                return false;
            }
        }

        table = result;
        error = string.Empty;
        return true;
    }

    public bool Equals(LatencyTable? other) => other is not null && _picoseconds.AsSpan().SequenceEqual(other._picoseconds);

    public override int GetHashCode() => HashCode.Combine(_picoseconds[0], _picoseconds[3], _picoseconds[5]);

    /// <summary>The text that <see cref="TryParse"/> reads back to the same table.</summary>
    public override string ToString()
    {
        var parts = new string[_picoseconds.Length];
        for (var level = 0; level < parts.Length; level++)
        {
            parts[level] = $"{Names[level]}={(_picoseconds[level] / 1000m).ToString("0.###", CultureInfo.InvariantCulture)}ns";
        }

        return string.Join(',', parts);
    }

    private static bool TryTime(string text, out long picoseconds)
    {
        picoseconds = 0;
        var digits = 0;
        while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.'))
        {
            digits++;
        }

        var unit = text[digits..] switch
        {
            "" or "ns" => 1_000L,
            "ps" => 1,
            "us" => 1_000_000,
            "ms" => 1_000_000_000,
            "s" => 1_000_000_000_000,
            _ => 0,
        };
        if (unit == 0 || !decimal.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            || number > MaximumPicoseconds / unit)
        {
            return false;
        }

        number *= unit;
        picoseconds = (long)number;
        return number == picoseconds;
    }
}
