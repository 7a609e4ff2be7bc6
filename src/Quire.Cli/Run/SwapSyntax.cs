using System.Globalization;
using Quire.Cli.Replay;
using Quire.Kernel.Memory.Swap.Compression;
using Quire.Machine;
using Quire.Primitives;

namespace Quire.Cli.Run;

/// <summary>Reads --swap SIZE[,priority=N][,file=PATH], and what goes with it.</summary>
internal static class SwapSyntax
{
    public const string Description = "swap area: SIZE[,priority=0..32767][,file=PATH]; several areas are possible, the highest priority is used first";

    public const string CompressedDescription = "compressed swap in RAM, in front of --swap: PERCENT%[,deflate|brotli] of RAM at most, such as 20%";

    public static IReadOnlyList<SwapFileOptions> Read(string[] areas)
    {
        if (areas.Length > SwapFileOptions.MostAreas)
        {
            throw new UsageException($"--swap: at most {SwapFileOptions.MostAreas} areas are possible");
        }

        return [.. areas.Select(Read)];
    }

    /// <summary>Reads --zswap PERCENT%[,CODEC]; null without it.</summary>
    public static CompressedSwapOptions? ReadCompressed(string? text, string[] areas)
    {
        if (text is null)
        {
            return null;
        }

        if (areas.Length == 0)
        {
            throw new UsageException("--zswap stands in front of a swap area: --swap SIZE is needed too");
        }

        var parts = text.Split(',');
        if (!parts[0].EndsWith('%') || !int.TryParse(parts[0][..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var percent)
            || percent is < 1 or > CompressedSwapOptions.MostPercent)
        {
            throw new UsageException($"--zswap '{parts[0]}' is not a part of RAM from 1% to {CompressedSwapOptions.MostPercent}%");
        }

        return parts[1..] switch
        {
            [] or ["deflate"] => new CompressedSwapOptions(percent),
            ["brotli"] => new CompressedSwapOptions(percent, PageCompression.Brotli),
            _ => throw new UsageException($"--zswap {text}: the codec is deflate or brotli"),
        };
    }

    public static InjectedFault ReadFault(string text) =>
        InjectedFault.Parse(text) ?? throw new UsageException($"--inject '{text}' is not {InjectedFault.Syntax}");

    private static SwapFileOptions Read(string text)
    {
        var parts = text.Split(',');
        if (!ByteSize.TryParse(parts[0], out var size))
        {
            throw new UsageException($"--swap '{parts[0]}' is not an amount of memory such as 256M or 1G");
        }

        if (size.Bytes < Page.Size || size > SwapFileOptions.Largest)
        {
            throw new UsageException($"--swap {parts[0]}: from {new ByteSize(Page.Size)} to {SwapFileOptions.Largest} is possible");
        }

        var area = new SwapFileOptions(new ByteSize(size.Bytes & Page.Mask));
        foreach (var part in parts.Skip(1))
        {
            area = part.Split('=', 2) switch
            {
                ["priority", var number] => area with { Priority = ReadPriority(number) },
                ["file", { Length: > 0 } path] => area with { Path = path },
                _ => throw new UsageException($"--swap {text}: '{part}' is neither priority=N nor file=PATH"),
            };
        }

        return area;
    }

    private static int ReadPriority(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var priority) && priority <= SwapFileOptions.HighestPriority
            ? priority
            : throw new UsageException($"--swap: priority '{text}' is not a number from 0 to {SwapFileOptions.HighestPriority}");
}
