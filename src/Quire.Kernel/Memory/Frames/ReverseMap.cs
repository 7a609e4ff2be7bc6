using System.Runtime.InteropServices;
using Quire.Allocation;
using Quire.Kernel.Memory.Slabs;

namespace Quire.Kernel.Memory.Frames;

/// <summary>
/// From a frame to the page-table leaves that name it, as Linux 2.5 did it (Rik van Riel's pte chains): the first mapping in the frame's
/// entry, further ones in links from a slab cache, newest first. Exact, so that unmapping costs what there is to unmap; what a later
/// Linux saves by walking regions instead is memory for pages of many processes, 16 bytes a mapping here.
/// </summary>
internal sealed class ReverseMap
{
    private const int SlotBits = 8;

    private readonly KernelObjectCache _links;

    public ReverseMap(SlabCaches slabs)
    {
        _links = slabs.Cache("pte_chain", Marshal.SizeOf<Link>());
    }

    /// <summary>Notes a mapping and counts it. False: no memory for a link, and nothing has changed.</summary>
    public bool TryAdd(ref FrameEntry entry, MappingLocation location)
    {
        if (entry.FirstMapping.IsNone)
        {
            entry.FirstMapping = location;
        }
        else
        {
            if (!_links.TryTake(out var slot))
            {
                return false;
            }

            LinkAt(slot) = new Link { Location = location, Next = entry.FurtherMappings };
            entry.FurtherMappings = Pack(slot);
        }

        entry.Mappings++;
        return true;
    }

    public void Remove(ref FrameEntry entry, MappingLocation location)
    {
        if (entry.FirstMapping == location)
        {
            entry.FirstMapping = default;
            if (entry.FurtherMappings != 0)
            {
                entry.FirstMapping = LinkAt(Unpack(entry.FurtherMappings)).Location;
                RemoveLink(ref entry.FurtherMappings);
            }
        }
        else
        {
            ref var from = ref entry.FurtherMappings;
            while (from != 0 && LinkAt(Unpack(from)).Location != location)
            {
                from = ref LinkAt(Unpack(from)).Next;
            }

            if (from == 0)
            {
                throw new InvalidOperationException($"no mapping of the frame at page {location.Address:x} of space {location.Space}");
            }

            RemoveLink(ref from);
        }

        entry.Mappings--;
    }

    /// <summary>Notes that a mapping has moved.</summary>
    public void Replace(ref FrameEntry entry, MappingLocation from, MappingLocation to)
    {
        if (entry.FirstMapping == from)
        {
            entry.FirstMapping = to;
            return;
        }

        for (var link = entry.FurtherMappings; link != 0;)
        {
            ref var found = ref LinkAt(Unpack(link));
            if (found.Location == from)
            {
                found.Location = to;
                return;
            }

            link = found.Next;
        }

        throw new InvalidOperationException($"no mapping of the frame at page {from.Address:x} of space {from.Space}");
    }

    /// <summary>The mapping after one link of the chain; walks start at <see cref="FrameEntry.FurtherMappings"/>.</summary>
    public MappingLocation Next(ref uint link)
    {
        ref var found = ref LinkAt(Unpack(link));
        link = found.Next;
        return found.Location;
    }

    /// <summary>All mappings of a frame.</summary>
    public void CopyTo(in FrameEntry entry, List<MappingLocation> locations)
    {
        locations.Clear();
        if (!entry.FirstMapping.IsNone)
        {
            locations.Add(entry.FirstMapping);
        }

        for (var link = entry.FurtherMappings; link != 0;)
        {
            locations.Add(Next(ref link));
        }
    }

    private static uint Pack(SlabSlot slot) => (((uint)slot.Slab << SlotBits) | (uint)slot.Object) + 1;

    private static SlabSlot Unpack(uint link) => new((int)((link - 1) >> SlotBits), (int)((link - 1) & ((1u << SlotBits) - 1)));

    private void RemoveLink(ref uint from)
    {
        var slot = Unpack(from);
        from = LinkAt(slot).Next;
        _links.Return(slot);
    }

    private ref Link LinkAt(SlabSlot slot) => ref MemoryMarshal.AsRef<Link>(_links.Bytes(slot));

    [StructLayout(LayoutKind.Sequential)]
    private struct Link
    {
        public MappingLocation Location;
        public uint Next;
        private readonly uint _unused;
    }
}
