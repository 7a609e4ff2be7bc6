namespace Quire.Allocation;

/// <summary>Red zones and poison, with the byte values of Linux (include/linux/poison.h).</summary>
public sealed partial class SlabCache
{
    private const byte PoisonFree = 0x6b;
    private const byte PoisonEnd = 0xa5;
    private const byte PoisonInUse = 0x5a;
    private const byte RedInactive = 0xbb;
    private const byte RedActive = 0xcc;

    private void ThrowIfForeign(SlabSlot slot)
    {
        if ((uint)slot.Slab >= (uint)_slabsEver || !_slabs[slot.Slab].IsLive || (uint)slot.Object >= (uint)ObjectsPerSlab)
        {
            throw new HeapMisuseException(HeapMisuse.ForeignPointer, $"{Name}: slab {slot.Slab} object {slot.Object} is not of this cache.");
        }
    }

    private void MarkAllocated(SlabSlot slot)
    {
        FillZones(slot, RedActive);
        if (_debug.HasFlag(SlabDebug.Poison))
        {
            Bytes(slot).Fill(PoisonInUse);
        }
    }

    private void MarkFree(SlabSlot slot)
    {
        FillZones(slot, RedInactive);
        var bytes = Bytes(slot);
        if (_debug.HasFlag(SlabDebug.Poison) && !bytes.IsEmpty)
        {
            bytes.Fill(PoisonFree);
            bytes[^1] = PoisonEnd;
        }
    }

    private void VerifyAllocatedObject(SlabSlot slot) => VerifyZones(slot, RedActive);

    private void VerifyFreeObject(SlabSlot slot)
    {
        VerifyZones(slot, RedInactive);
        var bytes = Bytes(slot);
        if (_debug.HasFlag(SlabDebug.Poison) && !bytes.IsEmpty
            && (bytes[^1] != PoisonEnd || bytes[..^1].ContainsAnyExcept(PoisonFree)))
        {
            throw new HeapMisuseException(HeapMisuse.WriteAfterFree, $"{Name}: object {slot.Object} of slab {slot.Slab} was written after it was freed.");
        }
    }

    private void VerifyZones(SlabSlot slot, byte expected)
    {
        if (Zones(slot, out var left, out var right) && (left.ContainsAnyExcept(expected) || right.ContainsAnyExcept(expected)))
        {
            var side = left.ContainsAnyExcept(expected) ? "before" : "after";
            throw new HeapMisuseException(HeapMisuse.RedZoneOverwritten, $"{Name}: bytes {side} object {slot.Object} of slab {slot.Slab} were overwritten.");
        }
    }

    private void FillZones(SlabSlot slot, byte value)
    {
        if (Zones(slot, out var left, out var right))
        {
            left.Fill(value);
            right.Fill(value);
        }
    }

    private bool Zones(SlabSlot slot, out Span<byte> left, out Span<byte> right)
    {
        ref var slab = ref _slabs[slot.Slab];
        var memory = _debug.HasFlag(SlabDebug.RedZone) ? _pages.Memory(slab.Frame, _layout.Order) : [];
        left = right = [];
        if (memory.IsEmpty)
        {
            return false;
        }

        var start = _layout.OffsetOf(slab.Colour, slot.Object);
        left = memory.Slice(start - _layout.LeftZone, _layout.LeftZone);
        right = memory.Slice(start + _layout.Size, _layout.Stride - _layout.LeftZone - _layout.Size);
        return true;
    }
}
