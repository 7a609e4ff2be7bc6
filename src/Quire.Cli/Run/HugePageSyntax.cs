using System.Globalization;
using Quire.Cli.Replay;
using Quire.Hardware.Paging;
using Quire.Kernel.Memory.HugePages;
using Quire.Primitives;

namespace Quire.Cli.Run;

/// <summary>How --thp and --hugepages are read.</summary>
internal static class HugePageSyntax
{
    public const string TransparentDescription = "transparent huge pages: always, madvise or never";

    public const string ReservedDescription = "huge pages set aside for MAP_HUGETLB: SIZE:COUNT of 2M or 1G, several with commas, such as 2M:64,1G:1";

    // The kernel and programs need some of RAM in small pages.
    private const ulong LargestPartOfRam = 8;

    public static HugePageUse ReadTransparent(string text) => text switch
    {
        "always" => HugePageUse.Always,
        "madvise" => HugePageUse.Madvise,
        "never" => HugePageUse.Never,
        _ => throw new UsageException($"--thp '{text}' is none of always, madvise and never"),
    };

    public static Dictionary<PageSize, long> ReadReserved(string? text, ByteSize ram)
    {
        var pools = new Dictionary<PageSize, long>();
        ulong bytes = 0;
        foreach (var part in text?.Split(',') ?? [])
        {
            var pieces = part.Split(':');
            PageSize? size = pieces[0] switch { "2M" => PageSize.Size2M, "1G" => PageSize.Size1G, _ => null };
            if (size is not { } known || pieces.Length != 2 || !uint.TryParse(pieces[1], NumberStyles.None, CultureInfo.InvariantCulture, out var count) || !pools.TryAdd(known, count))
            {
                throw new UsageException($"--hugepages '{text}' is not SIZE:COUNT with sizes 2M and 1G, each once, such as 2M:64,1G:1");
            }

            bytes += count * known.Bytes;
        }

        return bytes <= ram.Bytes - (ram.Bytes / LargestPartOfRam)
            ? pools
            : throw new UsageException($"--hugepages {text}: {new ByteSize(bytes)} are more than seven eighths of {ram}");
    }
}
