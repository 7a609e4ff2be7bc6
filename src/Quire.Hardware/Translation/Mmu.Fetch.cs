using System.Runtime.CompilerServices;
using Quire.Hardware.Paging;
using Quire.Primitives;

namespace Quire.Hardware.Translation;

public sealed unsafe partial class Mmu
{
    /// <summary>
    /// Call when the CPU fetches from another page than the instruction before, or after an exit: once for a run of instructions, since further fetches of the
    /// same page are hits that change nothing. Returns the host address of the byte and its frame, or null as <see cref="TranslateFetch"/> does.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* EnterCodePage(ulong address, out FrameNumber frame)
    {
        var slot = _codeSlots + FastEntry.IndexOf(address);
        if (slot->ReadTag != (address & Page.Mask))
        {
            return TranslateFetch(address, out frame);
        }

        slot->Stamp = ++*_codeEntries;
        var host = (byte*)((long)address + slot->Delta);
        frame = FrameOf(host);
        return host;
    }

    /// <summary>
    /// The slow path of <see cref="EnterCodePage"/>. Null: the fetch faults; it counts as a reference of its own, and <see cref="FaultAddress"/>,
    /// <see cref="FaultError"/>, <see cref="IsNonCanonical"/> say how. A non-canonical address is no reference.
    /// </summary>
    public byte* TranslateFetch(ulong address, out FrameNumber frame)
    {
        frame = FrameNumber.None;
        if (!FourLevelPaging.IsCanonical(address))
        {
            return NonCanonical(address);
        }

        ++*_codeEntries;
        if (!_modelled)
        {
            return TranslateUnmodelledFetch(address, out frame);
        }

        var way = _code.Find(address, _tag);
        if (way >= 0 && Permits(_code.Value(way), AccessKind.Fetch))
        {
            _code.Touch(way);
        }
        else
        {
            if (way >= 0)
            {
                _code.Drop(way);
            }

            _codeMisses++;
            if (!TryRefill(address, AccessKind.Fetch, ref _secondCodeHits, ref _secondCodeMisses, out var key, out var value))
            {
                _codeFaults++;
                return null;
            }

            way = _code.Insert(key, value);
            _codeInHugePages |= TlbKey.SizeOf(key) != PageSize.Size4K;
        }

        var host = HostPage(_code.Key(way), _code.Value(way), address);
        var page = address & Page.Mask;
        _code.Bind(way, page, FastEntry.InvalidTag, (long)host - (long)page);
        frame = FrameOf(host);
        return host + (address & Page.OffsetMask);
    }

    private byte* TranslateUnmodelledFetch(ulong address, out FrameNumber frame)
    {
        frame = FrameNumber.None;
        if (!_walker.TryWalk(new PhysicalAddress(_root), address, AccessKind.Fetch, ref _walk))
        {
            _codeFaults++;
            Fault(address, _walk.Error);
            return null;
        }

        var page = address & Page.Mask;
        var host = _memory.Base + _walk.Locate(page).Value;
        var slot = _codeSlots + FastEntry.IndexOf(page);
        slot->ReadTag = page;
        slot->Delta = (long)host - (long)page;
        _hugePageInLookup |= _walk.Size != PageSize.Size4K;
        _codeInHugePages |= _walk.Size != PageSize.Size4K;
        frame = FrameOf(host);
        return host + (address & Page.OffsetMask);
    }
}
