using System.Runtime.CompilerServices;
using Quire.Hardware.Memory;
using Quire.Hardware.Paging;
using Quire.Hardware.Tests.Paging;
using Quire.Hardware.Translation;
using Quire.Primitives;
using Xunit;

namespace Quire.Hardware.Tests.Translation;

/// <summary>
/// Two equal machines, one with the MMU behind a CPU's inline lookups, one with the reference model that is told of every access. Each operation is done on
/// both and its outcome compared.
/// </summary>
internal sealed unsafe class MmuPair : IDisposable
{
    public static readonly ByteSize Ram = ByteSize.FromMiB(8);

    private readonly PhysicalMemory _memory = new(Ram);
    private readonly PhysicalMemory _referenceMemory = new(Ram);
    private readonly List<(X64PageTable Actual, X64PageTable Reference)> _spaces = [];
    private readonly FastEntry[] _slotArray = GC.AllocateArray<FastEntry>(FastEntry.Count, pinned: true);
    private readonly ulong[] _referencesArray = GC.AllocateArray<ulong>(1, pinned: true);
    private readonly FastEntry* _slots;
    private readonly ulong* _references;
    private readonly ReferenceMmu _reference;
    private readonly TlbOptions _options;
    private byte* _codeHost;
    private ulong _codePage = FastEntry.InvalidTag;
    private ulong _instructions;

    public MmuPair(TlbOptions options, int spaces)
    {
        _options = options;
        _slots = (FastEntry*)Unsafe.AsPointer(ref _slotArray[0]);
        _references = (ulong*)Unsafe.AsPointer(ref _referencesArray[0]);
        Mmu = new Mmu(_memory, options, _slots, _references);
        _reference = new ReferenceMmu(_referenceMemory, options);
        var (frames, referenceFrames) = (new TableFrames(_memory), new TableFrames(_referenceMemory));
        for (var i = 0; i < spaces; i++)
        {
            Assert.True(X64PageTable.TryCreate(_memory, frames, (ushort)(i + 1), out var actual));
            Assert.True(X64PageTable.TryCreate(_referenceMemory, referenceFrames, (ushort)(i + 1), out var reference));
            _spaces.Add((actual, reference));
        }

        Switch(0);
    }

    public Mmu Mmu { get; }

    /// <summary>A bug to plant: the CPU's lookup hits without advancing the clock into the entry.</summary>
    public bool ForgetsStamps { get; init; }

    /// <summary>A bug to plant: page invalidations reach the reference model only.</summary>
    public bool MissesInvalidations { get; init; }

    public void Dispose()
    {
        _memory.Dispose();
        _referenceMemory.Dispose();
    }

    public void Map(int space, ulong page, PageTableEntry entry, PageSize size = PageSize.Size4K)
    {
        Assert.True(_spaces[space].Actual.TryMap(new VirtualAddress(page), entry, size));
        Assert.True(_spaces[space].Reference.TryMap(new VirtualAddress(page), entry, size));
    }

    public void Switch(int space)
    {
        Leave();
        Mmu.SwitchTo(_spaces[space].Actual.Root, (ushort)(space + 1));
        _reference.SwitchTo(_spaces[space].Reference.Root.Value, (ushort)(space + 1));
    }

    public void InvalidatePage(int space, ulong page, InvalidationOrigin origin)
    {
        Leave();
        if (!MissesInvalidations)
        {
            Mmu.InvalidatePage((ushort)(space + 1), new VirtualAddress(page), origin);
        }

        _reference.InvalidatePage((ushort)(space + 1), page, origin);
    }

    public void InvalidateRange(int space, ulong page, ulong pages, InvalidationOrigin origin)
    {
        Leave();
        Mmu.InvalidateRange((ushort)(space + 1), VirtualRange.FromLength(new VirtualAddress(page), pages * Page.Size), origin);
        _reference.InvalidateRange((ushort)(space + 1), page, pages, origin);
    }

    public void InvalidateTag(int space, InvalidationOrigin origin)
    {
        Leave();
        Mmu.InvalidateTag((ushort)(space + 1), origin);
        _reference.InvalidateTag((ushort)(space + 1), origin);
    }

    public void InvalidateAll(InvalidationOrigin origin)
    {
        Leave();
        Mmu.InvalidateAll(origin);
        _reference.InvalidateAll(origin);
    }

    /// <summary>One access; false when it faulted.</summary>
    public bool Access(ulong address, AccessKind kind)
    {
        var host = kind == AccessKind.Fetch ? Fetch(address) : Data(address, kind);
        var expected = _reference.Access(address, kind);
        ulong? physical = host == null ? null : (ulong)(host - _memory.Base);
        Check(physical == expected.Physical, $"{kind} {address:x}: at {physical:x}, expected {expected.Physical:x}");
        if (host != null)
        {
            return true;
        }

        Leave();
        Check(Mmu.FaultAddress == address, $"fault address {Mmu.FaultAddress:x}, expected {address:x}");
        Check(Mmu.IsNonCanonical == expected.NonCanonical, $"{address:x} non-canonical: {Mmu.IsNonCanonical}");
        Check(Mmu.FaultError == expected.Error, $"{kind} {address:x}: error {Mmu.FaultError}, expected {expected.Error}");
        return false;
    }

    public void CheckCounters()
    {
        if (_options.IsModelled)
        {
            var actual = Mmu.Counters(_instructions, 0);
            Check(actual == _reference.Counters, $"counters differ{Environment.NewLine}{actual}{Environment.NewLine}{_reference.Counters}");
        }
    }

    /// <summary>All of RAM, and with it every accessed and dirty bit, is equal.</summary>
    public void CheckMemory()
    {
        for (var frame = new FrameNumber(0); frame.Value < _memory.FrameCount; frame += 1)
        {
            Check(_memory.Read(frame).SequenceEqual(_referenceMemory.Read(frame)), $"{frame} differs");
        }
    }

    /// <summary>The CPU forgets which page it runs on when it leaves for the kernel.</summary>
    private void Leave() => _codePage = FastEntry.InvalidTag;

    private byte* Data(ulong address, AccessKind kind)
    {
        var slot = _slots + FastEntry.IndexOf(address);
        var tag = kind == AccessKind.Write ? slot->WriteTag : slot->ReadTag;
        if (tag != (address & Page.Mask))
        {
            return Mmu.TranslateData(address, kind);
        }

        ++*_references;
        if (!ForgetsStamps)
        {
            slot->Stamp = *_references;
        }

        return (byte*)((long)address + slot->Delta);
    }

    private byte* Fetch(ulong address)
    {
        var host = _memory.Base;
        if (_codePage != (address & Page.Mask))
        {
            host = Mmu.EnterCodePage(address, out var frame);
            if (host == null)
            {
                return null;
            }

            Check(frame == new PhysicalAddress((ulong)(host - _memory.Base)).Frame, "frame and host address differ");
            _codePage = address & Page.Mask;
            _codeHost = host - (address & Page.OffsetMask);
        }

        _instructions++;
        return _codeHost + (address & Page.OffsetMask);
    }

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new DifferenceException(otherwise);
        }
    }
}

/// <summary>The MMU and its reference model disagree.</summary>
internal sealed class DifferenceException(string message) : Exception(message);
