using System.Buffers.Binary;
using Quire.Hardware.Memory;
using Quire.Hardware.Paging;
using Quire.Hardware.Translation;
using Quire.Primitives;

namespace Quire.Cli.Classroom.Translation;

/// <summary>
/// A little RAM with one address space in x86-64 four-level tables, filled at random: tables written by the page table that processes of quire run have, walked
/// by the processor's walker. Invariant: a table is a frame that was handed out, in ascending order; pages' frames lie above all tables.
/// </summary>
internal sealed class MappedMachine : IDisposable, IPageTableFrames
{
    private const uint TableFrames = 64;
    private const ulong RamBytes = 1 << 20;
    private const int Levels = 4;
    private const int EntryBytes = 8;

    private readonly PhysicalMemory _memory = new(new ByteSize(RamBytes));
    private readonly X64PageTable _table;
    private readonly PageTableWalker _walker;
    private uint _tables = 1;

    public MappedMachine(int pages, Random random)
    {
        _table = X64PageTable.TryCreate(_memory, this, 0, out var table) ? table : throw new InvalidOperationException("no frame for the root");
        _walker = new PageTableWalker(_memory);

        // Neighbourhoods as programs have them: code low, mappings and stack high; some pages are read-only.
        ulong[] places = [0x40_0000, 0x7F12_3400_0000, 0x7FFF_FFE0_0000];
        for (var i = 0; i < pages; i++)
        {
            var page = new VirtualAddress(places[random.Next(places.Length)] + ((ulong)random.Next(0, 1024) << Page.Shift));
            var frame = new FrameNumber(TableFrames + (uint)random.Next(0, (int)(_memory.FrameCount - TableFrames)));
            var bits = PageTableEntry.UserBit | (random.Next(3) > 0 ? PageTableEntry.WritableBit : 0);
            if (_table.TryMap(page, new PageTableEntry(frame, bits)))
            {
                Pages.Add(page.Value);
            }
        }
    }

    public PhysicalAddress Root => _table.Root;

    /// <summary>First addresses of mapped pages, one may be there twice.</summary>
    public List<ulong> Pages { get; } = [];

    /// <summary>The entries that are not zero, table by table.</summary>
    public IEnumerable<(ulong Table, IReadOnlyList<(int Index, PageTableEntry Entry)> Entries)> Tables()
    {
        for (var frame = 1u; frame < _tables; frame++)
        {
            var number = new FrameNumber(frame);
            yield return (number.Address.Value, [.. Enumerable.Range(0, Page.Size / EntryBytes).Select(index => (index, EntryAt(number.Address.Value, index))).Where(entry => entry.Item2.Value != 0)]);
        }
    }

    /// <summary>The walk of a user's access: each entry read, and what it ends with. Marks entries as accessed, as the processor does.</summary>
    public TranslationWalk Walk(ulong address, AccessKind kind)
    {
        // As they were listed, without the marks of walks.
        var steps = new List<(int Index, ulong Table, PageTableEntry Entry)>();
        var table = Root.Value;
        for (var level = Levels; level > 0 && (steps.Count == 0 || steps[^1].Entry.Present); level--)
        {
            var index = (int)(address >> (3 + (9 * level))) & 0x1FF;
            steps.Add((index, table, EntryAt(table, index).Without(PageTableEntry.AccessedBit | PageTableEntry.DirtyBit)));
            table = steps[^1].Entry.Frame.Address.Value;
        }

        var found = default(PageWalk);
        var reached = _walker.TryWalk(Root, address, kind, ref found);
        return new TranslationWalk(address, kind, [.. steps.Take(found.References)], reached ? found.Locate(address).Value : null);
    }

    bool IPageTableFrames.TryAllocateTable(out FrameNumber frame)
    {
        frame = new FrameNumber(_tables);
        if (_tables >= TableFrames)
        {
            return false;
        }

        _tables++;
        return true;
    }

    // Nothing is ever unmapped.
    void IPageTableFrames.FreeTable(FrameNumber frame) => throw new InvalidOperationException($"{frame} is in use");

    public void Dispose() => _memory.Dispose();

    private PageTableEntry EntryAt(ulong table, int index) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(_memory.Read(new FrameNumber((uint)(table >> Page.Shift)))[(index * EntryBytes)..]));
}

/// <summary>One address translated: the entries read from the top, and the physical address; null: a page fault at the last entry.</summary>
internal sealed record TranslationWalk(ulong Address, AccessKind Kind, IReadOnlyList<(int Index, ulong Table, PageTableEntry Entry)> Steps, ulong? Physical);
