using System.Globalization;
using Quire.Primitives;

namespace Quire.Allocation;

/// <summary>The numbers of a made-up workload: "pattern,name=value,...".</summary>
public sealed record SyntheticOptions
{
    public string Pattern { get; init; } = "plateau";

    /// <summary>Distribution of sizes, by name in <see cref="SizeDistributions"/>.</summary>
    public string Sizes { get; init; } = "pareto";

    /// <summary>Which block is freed next, by name in <see cref="Lifetimes"/>.</summary>
    public string Lives { get; init; } = "exponential";

    /// <summary>Allocations in all.</summary>
    public int Count { get; init; } = 100_000;

    /// <summary>Blocks live at the height.</summary>
    public int Live { get; init; } = 1000;

    /// <summary>Bytes of the smallest and the largest block.</summary>
    public long Least { get; init; } = 16;
    public long Most { get; init; } = 4096;

    public int Seed { get; init; } = 1;

    /// <summary>Reads "pattern[,sizes=..][,lives=..][,count=..][,live=..][,min=..][,max=..][,seed=..]".</summary>
    /// <exception cref="FormatException">Says which part is wrong and what is possible.</exception>
    public static SyntheticOptions Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split(',', StringSplitOptions.TrimEntries);
        var options = new SyntheticOptions { Pattern = parts[0] };
        foreach (var part in parts.Skip(1))
        {
            var (name, value) = part.Split('=') is [var left, var right] ? (left, right) : throw new FormatException($"\"{part}\" is not name=value");
            options = name switch
            {
                "sizes" => options with { Sizes = value },
                "lives" => options with { Lives = value },
                "count" => options with { Count = Number(part, value, 1, 100_000_000) },
                "live" => options with { Live = Number(part, value, 1, 10_000_000) },
                "min" => options with { Least = Bytes(part, value) },
                "max" => options with { Most = Bytes(part, value) },
                "seed" => options with { Seed = Number(part, value, 0, int.MaxValue) },
                _ => throw new FormatException($"\"{name}\" is none of sizes, lives, count, live, min, max, seed"),
            };
        }

        return options.Least <= options.Most ? options : throw new FormatException($"min={options.Least} is above max={options.Most}");
    }

    private static int Number(string part, string value, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new FormatException($"\"{part}\" is not a number from {least} to {most}");

    private static long Bytes(string part, string value) =>
        ByteSize.TryParse(value, out var size) && size.Bytes is > 0 and <= 1UL << 40
            ? (long)size.Bytes
            : throw new FormatException($"\"{part}\" is not a size from 1 to 1T");
}
