using Quire.Kernel.Memory.Regions;

namespace Quire.Kernel.Memory;

/// <summary>Memory of those who were killed for want of it is taken before they end (__oom_reap_task_mm of Linux).</summary>
public sealed partial class AddressSpace
{
    /// <summary>
    /// Takes all pages that nobody else can see the bytes of: of all regions but shared ones. To be called only while no operation on the space is under way;
    /// nobody runs in it any more.
    /// </summary>
    internal void GiveUpPages()
    {
        IsDoomed = true;
        for (var region = _regions.First; region is not null; region = region.Next)
        {
            if (region.IsAnonymous || (region.Flags & RegionFlags.Shared) == 0)
            {
                Zap(region, region.Start, region.End, ZapScope.All, TranslationFlush.Later);
                Tables.FreeEmptyTables(RangeOf(region.Start, region.End));
            }
        }

        _memory.Translations.InvalidateSpace(this);
    }
}
