using System.Globalization;
using System.Text;

namespace Quire.Allocation;

/// <summary>Drawings for a terminal.</summary>
public static class TextDrawing
{
    private const int Width = 72;
    private const int ListedBlocks = 10;
    private const string Shades = " .:-=+*#%@";

    /// <summary>The memory as one line: each block's name in proportion to its size, dots where it is free. Blocks narrower than a character share it.</summary>
    public static string Map(IReadOnlyList<NamedBlock> blocks)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        var total = blocks.Count == 0 ? 1 : blocks.Max(block => block.Offset + block.Length);
        var line = new char[Width];
        Array.Fill(line, '.');
        foreach (var block in blocks)
        {
            var from = (int)(block.Offset * Width / total);
            var to = Math.Clamp((int)((block.Offset + block.Length) * Width / total), from + 1, Width);
            var cells = line.AsSpan(from, to - from);
            var isFree = block.Name.Length == 0;
            if (cells.Length == 1)
            {
                cells[0] = isFree ? cells[0] : block.Name[0];
                continue;
            }

            cells.Fill(isFree ? '.' : '_');
            cells[0] = '|';
            block.Name.AsSpan(0, Math.Min(block.Name.Length, cells.Length - 1)).CopyTo(cells[1..]);
        }

        return new string(line) + "|";
    }

    /// <summary>The implicit tree of a buddy system: a block that is not there whole has two halves.</summary>
    public static string BuddyTree(IReadOnlyList<NamedBlock> blocks)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        var text = new StringBuilder();
        var end = blocks.Count == 0 ? 0 : blocks.Max(block => block.Offset + block.Length);
        var byOffset = blocks.ToDictionary(block => block.Offset);

        // A memory that is no power of two has several trees, each as large as its place and what is left allow.
        for (long offset = 0, length; offset < end; offset += length)
        {
            length = 1L << System.Numerics.BitOperations.Log2((ulong)(end - offset));
            length = offset == 0 ? length : Math.Min(length, offset & -offset);
            DrawNode(text, byOffset, offset, length, "", "");
        }

        return text.ToString();
    }

    /// <summary>The first free blocks in order, with their sizes, and how many more there are.</summary>
    public static string FreeList(IReadOnlyList<NamedBlock> blocks)
    {
        var free = blocks.Where(block => block.Name.Length == 0).ToList();
        var shown = string.Join(" -> ", free.Take(ListedBlocks).Select(block => $"[{Size(block.Offset)}: {Size(block.Length)}]").DefaultIfEmpty("(none)"));
        return free.Count <= ListedBlocks ? shown : $"{shown} -> ... {free.Count - ListedBlocks} more";
    }

    /// <summary>The memory over time: a line a sample, a character a piece, darker where more is allocated.</summary>
    public static string MapOverTime(IReadOnlyList<ReplaySample> samples, int lines)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var text = new StringBuilder();
        foreach (var sample in Pick(samples, lines))
        {
            text.Append(CultureInfo.InvariantCulture, $"{sample.Event,10} |");
            foreach (var share in sample.Map)
            {
                text.Append(Shades[Math.Clamp((int)Math.Ceiling(share * (Shades.Length - 1)), 0, Shades.Length - 1)]);
            }

            text.AppendLine("|");
        }

        return text.ToString();
    }

    /// <summary>External (#) and internal (o) fragmentation over time, from 0 to 100 per cent.</summary>
    public static string FragmentationCurve(IReadOnlyList<ReplaySample> samples, int height)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var picked = Pick(samples, Width).ToList();
        var text = new StringBuilder();
        for (var row = height; row >= 0; row--)
        {
            text.Append(CultureInfo.InvariantCulture, $"{100 * row / height,4}% |");
            foreach (var sample in picked)
            {
                var outside = (int)Math.Round(sample.External * height) == row;
                var inside = (int)Math.Round(sample.Internal * height) == row;
                text.Append((outside, inside) switch { (true, true) => '&', (true, false) => '#', (false, true) => 'o', _ => ' ' });
            }

            text.AppendLine();
        }

        return text.ToString();
    }

    /// <summary>The slabs of a cache: a line a slab, a character an object, # taken, . free.</summary>
    public static string Slabs(SlabCache cache)
    {
        ArgumentNullException.ThrowIfNull(cache);
        var text = new StringBuilder();
        foreach (var slab in cache.Slabs())
        {
            text.Append(CultureInfo.InvariantCulture, $"{cache.Name,-14} frame {slab.Frame,6} +{slab.FirstObjectOffset,-4} ");
            text.AppendLine(string.Concat(slab.Taken.Take(Width).Select(taken => taken ? '#' : '.')) + (slab.Taken.Count > Width ? $" ... of {slab.Taken.Count}" : ""));
        }

        return text.ToString();
    }

    internal static IEnumerable<ReplaySample> Pick(IReadOnlyList<ReplaySample> samples, int count) =>
        samples.Count <= count ? samples : Enumerable.Range(0, count).Select(i => samples[(int)((long)i * (samples.Count - 1) / Math.Max(1, count - 1))]);

    private static void DrawNode(StringBuilder text, Dictionary<long, NamedBlock> blocks, long offset, long length, string prefix, string childPrefix)
    {
        if (!blocks.TryGetValue(offset, out var block) && !blocks.Keys.Any(start => start > offset && start < offset + length))
        {
            return;
        }

        var whole = block.Length >= length;
        var label = (whole, block.Name) switch
        {
            (false, _) => "",
            (true, null or "") => " free",
            _ => $" {block.Name} ({Size(block.Requested)} asked for, {Size(block.Length - block.Requested)} wasted)",
        };
        text.AppendLine(prefix + Size(length) + label);
        if (!whole && length > 1)
        {
            DrawNode(text, blocks, offset, length / 2, childPrefix + "├─ ", childPrefix + "│  ");
            DrawNode(text, blocks, offset + (length / 2), length / 2, childPrefix + "└─ ", childPrefix + "   ");
        }
    }

    private static string Size(long bytes) => StepText.Exact(Math.Max(0, bytes));
}
