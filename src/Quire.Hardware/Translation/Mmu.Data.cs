using System.Runtime.CompilerServices;
using Quire.Hardware.Paging;
using Quire.Primitives;

namespace Quire.Hardware.Translation;

public sealed unsafe partial class Mmu
{
    /// <summary>
    /// Translates a read or write that missed the fast lookup, and counts it as a reference. The access does not cross a page.
    /// Null: it faults, and <see cref="FaultAddress"/>, <see cref="FaultError"/>, <see cref="IsNonCanonical"/> say how. A non-canonical address is no reference.
    /// </summary>
    public byte* TranslateData(ulong address, AccessKind kind)
    {
        if (!FourLevelPaging.IsCanonical(address))
        {
            return NonCanonical(address);
        }

        ++*_dataReferences;
        if (!_modelled)
        {
            return TranslateUnmodelledData(address, kind);
        }

        var way = _data.Find(address, _tag);
        if (way < 0)
        {
            return RefillData(address, kind);
        }

        var value = _data.Value(way);
        if (!Permits(value, kind))
        {
            _data.Drop(way);
            return RefillData(address, kind);
        }

        _data.Touch(way);
        return kind == AccessKind.Write && (value & LeafBits.Dirty) == 0
            ? AssistDirty(way, address)
            : BindData(way, address, kind);
    }

    /// <summary>The frame starts to hold decoded instructions: writes to it come through <see cref="TranslateData"/> from now on.</summary>
    public void RevokeWrite(FrameNumber frame) => FastLookup.RevokeWrite(_dataSlots, _memory.Pointer(frame));

    private byte* RefillData(ulong address, AccessKind kind)
    {
        _dataMisses++;
        if (!TryRefill(address, kind, ref _secondDataHits, ref _secondDataMisses, out var key, out var value))
        {
            return null;
        }

        var way = _data.Insert(key, value);
        return kind == AccessKind.Write && (value & LeafBits.Dirty) == 0
            ? AssistDirty(way, address)
            : BindData(way, address, kind);
    }

    /// <summary>A write through an entry whose page is not known to be dirty: sets D in the tables, as the processor's microcode does (SDM vol. 3A, 4.8).</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private byte* AssistDirty(int way, ulong address)
    {
        _dirtyAssists++;
        if (!_walker.TryWalk(new PhysicalAddress(_root), address, AccessKind.Write, ref _walk))
        {
            Fault(address, _walk.Error);
            return null;
        }

        var key = KeyOfWalk(address);
        if (_data.Key(way) == key && _data.Value(way) == (_walk.Leaf & ~LeafBits.Dirty))
        {
            _data.Value(way) = _walk.Leaf;
            if (_second is { } second && second.Find(address, _tag) is var copy and >= 0 && second.Key(copy) == key)
            {
                second.Value(copy) = _walk.Leaf;
            }
        }
        else
        {
            // The entry was stale: the tables name another page by now, and they are the truth. The code side stays as it is,
            // since the CPU may be running on the page without asking.
            _data.DropAddress(address, _tag);
            _second?.FreeAddress(address, _tag);
            InsertSecond(key, _walk.Leaf);
            way = _data.Insert(key, _walk.Leaf);
        }

        return BindData(way, address, AccessKind.Write);
    }

    private byte* BindData(int way, ulong address, AccessKind kind)
    {
        var value = _data.Value(way);
        var host = HostPage(_data.Key(way), value, address);
        var page = address & Page.Mask;
        var writeTag = WriteTagOf(page, host, value, kind);
        if (!BypassesFastLookup)
        {
            _data.Bind(way, page, writeTag, (long)host - (long)page);
        }

        return host + (address & Page.OffsetMask);
    }

    private byte* TranslateUnmodelledData(ulong address, AccessKind kind)
    {
        if (!_walker.TryWalk(new PhysicalAddress(_root), address, kind, ref _walk))
        {
            Fault(address, _walk.Error);
            return null;
        }

        var host = _memory.Base + _walk.Locate(address & Page.Mask).Value;
        var page = address & Page.Mask;
        var writeTag = WriteTagOf(page, host, _walk.Leaf, kind);
        if (!BypassesFastLookup)
        {
            var slot = _dataSlots + FastEntry.IndexOf(page);
            slot->WriteTag = writeTag;
            slot->ReadTag = page;
            slot->Delta = (long)host - (long)page;
            _hugePageInLookup |= _walk.Size != PageSize.Size4K;
        }

        return host + (address & Page.OffsetMask);
    }

    /// <summary>The page if the CPU may write to it without coming here. Announces a write that is about to change decoded instructions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong WriteTagOf(ulong page, byte* host, ulong value, AccessKind kind)
    {
        if ((value & (LeafBits.WriteDenied | LeafBits.Dirty)) != LeafBits.Dirty)
        {
            return FastEntry.InvalidTag;
        }

        var frame = FrameOf(host);
        if (_memory.HoldsCode[frame.Value] == 0)
        {
            return page;
        }

        if (kind == AccessKind.Write)
        {
            AnnounceCodeWrite(frame);
        }

        return _memory.HoldsCode[frame.Value] == 0 ? page : FastEntry.InvalidTag;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AnnounceCodeWrite(FrameNumber frame)
    {
        LastWriteHitCode = true;
        _memory.CodeFrameWritten?.Invoke(frame);
    }
}
