using Quire.Hardware.Paging;
using Quire.Kernel.Memory.Frames;
using Quire.Kernel.Memory.Regions;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>Faults taken in advance (mm_populate of Linux).</summary>
public sealed unsafe partial class AddressSpace
{
    /// <summary>
    /// Brings all pages of a range in: private writable ones to be written, others to be read. Not resolved: the first fault that failed.
    /// </summary>
    private FaultResult Populate(ulong start, ulong end)
    {
        for (var region = _regions.FindOverlapping(start, end); region is not null && region.Start < end; region = region.Next)
        {
            const RegionFlags kind = RegionFlags.Write | RegionFlags.Shared;
            var access = (region.Flags & kind) == RegionFlags.Write ? Access.Write : Access.Read;
            var result = PopulateRegion(Math.Max(start, region.Start), Math.Min(end, region.End), access);
            if (!result.IsResolved)
            {
                return result;
            }
        }

        return default;
    }

    /// <summary>Brings in what can be of all regions, passing over what cannot (mlockall).</summary>
    private void PopulateAll()
    {
        for (var region = _regions.First; region is not null; region = region.Next)
        {
            Populate(region.Start, region.End);
        }
    }

    private FaultResult PopulateRegion(ulong start, ulong end, Access access)
    {
        for (var page = start; page < end; page += Page.Size)
        {
            if (Tables.TryFindSlot(new VirtualAddress(page), out var entry, out _)
                && Leaf.IsPresent(*entry) && (access != Access.Write || Leaf.IsWritable(*entry)))
            {
                continue;
            }

            var result = Resolve(page, access);
            if (!result.IsResolved)
            {
                return result;
            }
        }

        return default;
    }
}
