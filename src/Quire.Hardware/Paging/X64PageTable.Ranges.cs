using Quire.Primitives;

namespace Quire.Hardware.Paging;

public sealed unsafe partial class X64PageTable
{
    /// <summary>
    /// Shows the visitor, in address order, every slot in the range that is not zero. Absent tables cost one step each. A 2 MiB leaf with a spare
    /// table is split first unless the visitor takes huge leaves and all of it lies in the range.
    /// </summary>
    public void Visit<TVisitor>(VirtualRange range, ref TVisitor visitor)
        where TVisitor : struct, IPageTableVisitor
    {
        if (!range.IsEmpty)
        {
            VisitTable(TableAt(Root.Frame), FourLevelPaging.TopLevel, range.Start.Value, range.End.Value - 1, ref visitor);
        }
    }

    /// <summary>
    /// Frees every table that lies in, or across an end of, the range and holds nothing. The root stays. Whoever calls it flushes the paging-structure caches.
    /// </summary>
    public void FreeEmptyTables(VirtualRange range)
    {
        if (!range.IsEmpty)
        {
            _recentSpan = NoSpan;
            FreeEmptyBelow(TableAt(Root.Frame), FourLevelPaging.TopLevel, range.Start.Value, range.End.Value - 1);
        }
    }

    /// <param name="last">The last address wanted, inclusive: the top of the address space has no end.</param>
    private void VisitTable<TVisitor>(ulong* table, int level, ulong first, ulong last, ref TVisitor visitor)
        where TVisitor : struct, IPageTableVisitor
    {
        var span = FourLevelPaging.SpanOf(level);
        var start = first & ~(span - 1);
        var end = FourLevelPaging.IndexOf(last, level);
        for (var index = FourLevelPaging.IndexOf(first, level); index <= end; index++, start += span)
        {
            var entry = table[index];
            if (entry == 0)
            {
                continue;
            }

            if (FourLevelPaging.IsLeaf(entry, level))
            {
                var isPartial = start < first || start + (span - 1) > last;
                if (level != 2 || (TVisitor.TakesHugeLeaves && !isPartial) || !TrySplit(start, table + index))
                {
                    visitor.Visit(new VirtualAddress(start), table + index, (PageSize)(level - 1));
                    RestoreSpare(start, table + index, level);
                    continue;
                }

                entry = table[index];
            }

            var below = TableAt(new PageTableEntry(entry).Frame);
            VisitTable(below, level - 1, Math.Max(first, start), Math.Min(last, start + (span - 1)), ref visitor);
        }
    }

    private void FreeEmptyBelow(ulong* table, int level, ulong first, ulong last)
    {
        var span = FourLevelPaging.SpanOf(level);
        var start = first & ~(span - 1);
        var end = FourLevelPaging.IndexOf(last, level);
        for (var index = FourLevelPaging.IndexOf(first, level); index <= end; index++, start += span)
        {
            var entry = table[index];
            if (entry == 0 || FourLevelPaging.IsLeaf(entry, level))
            {
                continue;
            }

            var frame = new PageTableEntry(entry).Frame;
            var below = TableAt(frame);
            if (level > 2)
            {
                FreeEmptyBelow(below, level - 1, Math.Max(first, start), Math.Min(last, start + (span - 1)));
            }

            if (!new ReadOnlySpan<ulong>(below, FourLevelPaging.EntriesPerTable).ContainsAnyExcept(0UL))
            {
                table[index] = 0;
                FreeTable(frame);
            }
        }
    }

    private void FreeTree(FrameNumber frame, int level)
    {
        if (level > 1)
        {
            var table = TableAt(frame);
            for (var index = 0; index < FourLevelPaging.EntriesPerTable; index++)
            {
                var entry = table[index];
                if (entry != 0 && !FourLevelPaging.IsLeaf(entry, level))
                {
                    FreeTree(new PageTableEntry(entry).Frame, level - 1);
                }
            }
        }

        FreeTable(frame);
    }

    private void FreeSpares()
    {
        foreach (var table in _spareTables.Values)
        {
            FreeTable(table);
        }

        _spareTables.Clear();
    }

    private void FreeTable(FrameNumber frame)
    {
        TableCount--;
        _frames.FreeTable(frame);
    }
}
