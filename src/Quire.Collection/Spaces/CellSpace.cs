using System.Runtime.InteropServices;

namespace Quire.Collection;

/// <summary>
/// Blocks of 32 KiB cut into cells of one size each. After marking, blocks without marks are given back and the others wait to be swept by whoever
/// allocates: lazily, range by range of free cells between marked ones.
/// </summary>
/// <remarks>
/// R. J. M. Hughes, A Semi-incremental Garbage Collection Algorithm, Software: Practice and Experience 12(11), 1982, for sweeping lazily; H.-J. Boehm and M. Weiser, Garbage Collection in an Uncooperative
/// Environment, 1988, for blocks of a size. Marks stay until the next collection: in a block that waits or is being swept, a cell before the sweep's position holds an object
/// if its header is not zero, one behind it if it is marked.
/// </remarks>
internal sealed unsafe class CellSpace
{
    // What the tables below hold for a block.
    private const int MetadataOfBlock = 32;

    // Bytes of a range at most while marking goes on, which goes on as ranges are taken: pauses are short because they are many.
    private const nint MostBlack = Plan.LargestSmall;

    private readonly HeapMemory _memory;
    private readonly HeapChecking _checking;
    private readonly BlockInfo[] _blocks;
    private readonly Stack<int> _free = [];
    private readonly Queue<int>[] _unswept;
    private int _untouched;
    private int _unsweptBlocks;
    private int _releaseFrom;
    private bool _isBlack;

    // Blocks from here up to the end have not been put among those to be swept since the last marking; those before this one have been made ready for the next.
    private int _settling;
    private int _settlingEnd;
    private int _whitening;

    // Markings beside the program that have begun, and that have ended.
    private int _cycle;
    private int _sweep;

    public CellSpace(HeapMemory memory, nint bytes, HeapChecking checking)
    {
        _checking = checking;
        _memory = memory;
        Range = memory.Carve(bytes);
        _blocks = new BlockInfo[Range.Length >> HeapMemory.BlockShift];
        _unswept = [.. Enumerable.Range(0, CellSizes.Count).Select(_ => new Queue<int>())];
    }

    public AddressRange Range { get; }

    /// <summary>Blocks with objects.</summary>
    public int BlocksInUse { get; private set; }

    public long BytesInUse => (long)BlocksInUse << HeapMemory.BlockShift;

    /// <summary>Bytes of cells that were marked at the last <see cref="Settle"/>.</summary>
    public long MarkedBytes { get; private set; }

    public static void Prepare(Mutator mutator)
    {
        mutator.ClassOfWords = CellSizes.ClassOfWords;
        mutator.Ranges = NewRanges();
    }

    /// <summary>Empty ranges, one a class; freed with NativeMemory.</summary>
    public static CellRange* NewRanges()
    {
        var ranges = (CellRange*)NativeMemory.AllocZeroed((nuint)CellSizes.Count, (nuint)sizeof(CellRange));
        for (var i = 0; i < CellSizes.Count; i++)
        {
            ranges[i].CellSize = CellSizes.SizeOf(i);
        }

        return ranges;
    }

    /// <summary>Puts the next range of free cells of a class, zeroed, into a range that is used up. False when only a collection, or more memory, can help.</summary>
    public bool TryRefill(ref CellRange range, int sizeClass, HeapObserver? observer, BudgetRule rule = BudgetRule.WithinLimit)
    {
        var current = range.Block - 1;
        while (true)
        {
            if (current >= 0 && TryNextRange(current, ref range, observer))
            {
                range.Block = current + 1;
                return true;
            }

            if (current >= 0)
            {
                Leave(current);
            }

            if (TryUnswept(sizeClass, out current))
            {
                continue;
            }

            current = TakeBlock(sizeClass, rule);
            if (current < 0 && TryReleaseUnswept())
            {
                current = TakeBlock(sizeClass, rule);
            }

            if (current < 0)
            {
                range.Block = 0;
                return false;
            }
        }
    }

    /// <summary>Takes a range away and returns the bytes that were allocated from it. What is left of it is free, and zero.</summary>
    public static long Retire(ref CellRange range)
    {
        var allocated = range.Cursor - range.Start;
        range.Cursor = range.Limit = range.Start = 0;
        return allocated;
    }

    /// <summary>Takes all ranges away, before marking.</summary>
    public static long RetireAll(CellRange* ranges)
    {
        var allocated = 0L;
        for (var i = 0; i < CellSizes.Count; i++)
        {
            allocated += Retire(ref ranges[i]);
            ranges[i].Block = 0;
        }

        return allocated;
    }

    /// <summary>All marks are cleared: marking is about to begin.</summary>
    public void ClearMarks()
    {
        for (var block = 0; block < _untouched; block++)
        {
            if (_blocks[block].State != BlockState.Free)
            {
                _memory.ClearMarks(AddressOf(block), HeapMemory.BlockSize);
            }
        }
    }

    /// <summary>After marking: gives blocks without marks back and leaves the others to be swept.</summary>
    public void Settle(HeapObserver? observer)
    {
        DropUnswept();
        MarkedBytes = 0;
        for (var block = 0; block < _untouched; block++)
        {
            ref var info = ref _blocks[block];
            if (info.State == BlockState.Free)
            {
                continue;
            }

            observer?.MetadataTouched(_memory.MarkWordOf(AddressOf(block)), HeapMemory.MarkBytesOfBlock, isWrite: false);
            var marked = _memory.CountMarks(AddressOf(block), HeapMemory.BlockSize);
            if (_checking != HeapChecking.None)
            {
                OverwriteDead(block);
            }

            if (marked == 0)
            {
                observer?.Freed(AddressOf(block), HeapMemory.BlockSize);
                GiveBack(block);
                continue;
            }

            MarkedBytes += marked * info.CellSize;
            info.SweptTo = AddressOf(block);
            info.State = marked < info.Cells ? BlockState.Unswept : BlockState.Full;
            if (info.State == BlockState.Unswept)
            {
                _unswept[info.Class].Enqueue(block);
                _unsweptBlocks++;
            }
            else
            {
                info.SweptTo = AddressOf(block) + ((nint)info.Cells * info.CellSize);
            }
        }
    }

    /// <summary>Whether there are blocks whose free cells have not been looked for since the last marking.</summary>
    public bool HasUnswept => _unsweptBlocks > 0 || _settling < _settlingEnd;

    /// <summary>
    /// Makes some of the blocks ready for marking beside the program, none of which waits to be swept: their marks are cleared, and nothing is handed out from them any more. False
    /// when that is done, but for blocks that the program allocates from.
    /// </summary>
    public bool WhitenSome(int blocks)
    {
        for (; _whitening < _untouched && blocks > 0; _whitening++)
        {
            if (_blocks[_whitening].State == BlockState.Full)
            {
                blocks -= Whiten(_whitening) ? 1 : 0;
            }
        }

        return _whitening < _untouched;
    }

    /// <summary>Marking begins beside the program, with all marks clear: from here on only new blocks are handed out, and objects are born marked.</summary>
    public void BeginBlack()
    {
        _isBlack = true;
        DropUnswept();
        for (var block = 0; block < _untouched; block++)
        {
            Whiten(block);
        }

        _whitening = 0;
        _cycle++;
    }

    // Whether there was anything to do: blocks taken since the last cycle began have no marks.
    private bool Whiten(int block)
    {
        ref var info = ref _blocks[block];
        if (info.State == BlockState.Free)
        {
            return false;
        }

        info.State = BlockState.Full;
        info.SweptTo = EndOf(block);
        if (info.WhiteFor > _cycle)
        {
            return false;
        }

        info.WhiteFor = _cycle + 1;
        _memory.ClearMarks(AddressOf(block), HeapMemory.BlockSize);
        return true;
    }

    /// <summary>Before ranges are taken away while objects are born marked: cells that no object was born in lose their marks.</summary>
    public void Unblacken(CellRange* ranges)
    {
        for (var i = 0; i < CellSizes.Count; i++)
        {
            for (var cell = ranges[i].Cursor; cell < ranges[i].Limit; cell += ranges[i].CellSize)
            {
                _memory.Unmark(cell);
            }
        }
    }

    /// <summary>As <see cref="Settle"/>, without looking at the marks, or at the blocks: that is left to whoever sweeps.</summary>
    public void SettleLazily()
    {
        _isBlack = false;
        DropUnswept();
        _settlingEnd = _untouched;
        _sweep++;
        for (var block = 0; _checking != HeapChecking.None && block < _untouched; block++)
        {
            if (_blocks[block].State != BlockState.Free)
            {
                OverwriteDead(block);
            }
        }
    }

    // Whether a block waits to be put among those to be swept since the last marking.
    private bool IsUnsettled(int block) => block >= _settling && block < _settlingEnd && _blocks[block].State != BlockState.Free && _blocks[block].SettledFor < _sweep;

    private void SettleNext()
    {
        if (IsUnsettled(_settling))
        {
            ref var info = ref _blocks[_settling];
            info.State = BlockState.Unswept;
            info.SweptTo = AddressOf(_settling);
            info.SettledFor = _sweep;
            _unswept[info.Class].Enqueue(_settling);
            _unsweptBlocks++;
        }

        _settling++;
    }

    /// <summary>Frees one cell: for plans that find out one by one. The block's memory goes back when all of its cells are free.</summary>
    public void FreeCell(nint target, HeapObserver? observer)
    {
        var block = (int)((target - Range.Start) >> HeapMemory.BlockShift);
        ref var info = ref _blocks[block];
        observer?.Freed(target, info.CellSize);
        if (_checking != HeapChecking.None)
        {
            HeapChecker.Overwrite(target, info.CellSize);
        }

        *(ulong*)target = 0;
        *(nint*)(target + ObjectHeader.Bytes) = info.FreeCells;
        info.FreeCells = target;
        info.Live--;
        LiveCellBytes -= info.CellSize;
        if (info.State == BlockState.Full)
        {
            if (info.Live == 0)
            {
                GiveBack(block);
                return;
            }

            info.State = BlockState.Unswept;
            _unswept[info.Class].Enqueue(block);
            _unsweptBlocks++;
        }
    }

    /// <summary>Bytes of cells that were handed out and not freed one by one.</summary>
    public long LiveCellBytes { get; private set; }

    public bool IsInUse(nint target) => Range.Contains(target) && _blocks[(target - Range.Start) >> HeapMemory.BlockShift].State != BlockState.Free;

    public void ForEachObject(Action<nint> visit)
    {
        for (var block = 0; block < _untouched; block++)
        {
            ref var info = ref _blocks[block];
            if (info.State == BlockState.Free)
            {
                continue;
            }

            var isUnsettled = IsUnsettled(block);
            var cell = AddressOf(block);
            for (var i = 0; i < info.Cells; i++, cell += info.CellSize)
            {
                if (cell < info.SweptTo && !isUnsettled ? *(ulong*)cell != 0 : _memory.IsMarked(cell))
                {
                    visit(cell);
                }
            }
        }
    }

    /// <summary>Visits the references in marked cards of blocks with objects.</summary>
    public long VisitCards<TVisitor>(CardTable cards, TypeDescriptor* types, ref TVisitor visitor)
        where TVisitor : struct, ISlotVisitor
    {
        var count = 0L;
        for (var block = 0; block < _untouched; block++)
        {
            if (_blocks[block].State != BlockState.Free)
            {
                count += cards.Visit(new AddressRange(AddressOf(block), AddressOf(block) + HeapMemory.BlockSize), types, ref visitor);
            }
        }

        return count;
    }

    private nint AddressOf(int block) => Range.Start + ((nint)block << HeapMemory.BlockShift);

    private nint EndOf(int block) => AddressOf(block) + ((nint)_blocks[block].Cells * _blocks[block].CellSize);

    private void DropUnswept()
    {
        Array.ForEach(_unswept, queue => queue.Clear());
        _unsweptBlocks = 0;
        _releaseFrom = 0;
        _settling = _settlingEnd = 0;
    }

    private bool TryUnswept(int sizeClass, out int block)
    {
        while (_settling < _settlingEnd && _unswept[sizeClass].Count == 0)
        {
            SettleNext();
        }

        while (_unswept[sizeClass].TryDequeue(out block))
        {
            // It may have been given back, and taken again, since it came to stand here.
            if (_blocks[block].State == BlockState.Unswept && _blocks[block].Class == sizeClass)
            {
                _blocks[block].State = BlockState.Sweeping;
                _unsweptBlocks--;
                return true;
            }
        }

        block = -1;
        return false;
    }

    // No block is left to be taken: one whose marks nobody has looked at may be free.
    private bool TryReleaseUnswept()
    {
        for (; _releaseFrom < _untouched; _releaseFrom++)
        {
            ref var info = ref _blocks[_releaseFrom];
            if (info.State == BlockState.Unswept && info.SweptTo == AddressOf(_releaseFrom) && _memory.CountMarks(AddressOf(_releaseFrom), HeapMemory.BlockSize) == 0)
            {
                _unsweptBlocks--;
                GiveBack(_releaseFrom++);
                return true;
            }
        }

        return false;
    }

    // Nothing more is found in a block for now.
    private void Leave(int block)
    {
        _blocks[block].State = BlockState.Full;
        if (_blocks[block].Live == 0 && _blocks[block].FreeCells != 0)
        {
            GiveBack(block);
        }
    }

    private void GiveBack(int block)
    {
        LiveCellBytes -= (long)_blocks[block].Live * _blocks[block].CellSize;
        _blocks[block].State = BlockState.Free;
        BlocksInUse--;
        _memory.Give(HeapMemory.BlockSize, MetadataOfBlock);
        _free.Push(block);
    }

    private bool TryNextRange(int block, ref CellRange range, HeapObserver? observer)
    {
        ref var info = ref _blocks[block];
        if (info.FreeCells != 0)
        {
            var cell = info.FreeCells;
            info.FreeCells = *(nint*)(cell + ObjectHeader.Bytes);
            NativeMemory.Clear((void*)cell, (nuint)info.CellSize);
            range.Cursor = range.Start = cell;
            range.Limit = cell + info.CellSize;
            Count(ref info, 1);
            return true;
        }

        var end = EndOf(block);
        while (info.SweptTo < end)
        {
            var start = info.SweptTo;
            observer?.MetadataTouched(_memory.MarkWordOf(start), sizeof(ulong), isWrite: false);
            var marked = _memory.NextMarked(start, end);
            var limit = marked == 0 ? end : marked;
            info.SweptTo = marked == 0 ? end : marked + info.CellSize;
            if (limit > start)
            {
                if (_isBlack && limit - start > MostBlack)
                {
                    limit = start + (MostBlack / info.CellSize * info.CellSize);
                    info.SweptTo = limit;
                }

                observer?.Freed(start, limit - start);
                NativeMemory.Clear((void*)start, (nuint)(limit - start));
                range.Cursor = range.Start = start;
                range.Limit = limit;
                Count(ref info, (int)((limit - start) / info.CellSize));
                for (var cell = start; _isBlack && cell < limit; cell += info.CellSize)
                {
                    _memory.TryMark(cell);
                }

                return true;
            }
        }

        return false;
    }

    private void Count(ref BlockInfo info, int cells)
    {
        info.Live += cells;
        LiveCellBytes += (long)cells * info.CellSize;
    }

    private void OverwriteDead(int block)
    {
        ref var info = ref _blocks[block];
        var cell = AddressOf(block);
        for (var i = 0; i < info.Cells; i++, cell += info.CellSize)
        {
            if (!_memory.IsMarked(cell))
            {
                HeapChecker.Overwrite(cell, info.CellSize);
            }
        }
    }

    private int TakeBlock(int sizeClass, BudgetRule rule)
    {
        if (!_free.TryPop(out var block))
        {
            if (_untouched == _blocks.Length)
            {
                return -1;
            }

            block = _untouched++;
        }

        if (rule == BudgetRule.BeyondLimit)
        {
            _memory.Take(AddressOf(block), HeapMemory.BlockSize, MetadataOfBlock);
        }
        else if (!_memory.TryTake(AddressOf(block), HeapMemory.BlockSize, MetadataOfBlock))
        {
            _free.Push(block);
            return -1;
        }

        BlocksInUse++;
        var size = CellSizes.SizeOf(sizeClass);
        _memory.ClearMarks(AddressOf(block), HeapMemory.BlockSize);
        _blocks[block] = new BlockInfo { Class = (byte)sizeClass, State = BlockState.Sweeping, CellSize = size, Cells = (int)HeapMemory.BlockSize / size, SweptTo = AddressOf(block), WhiteFor = _isBlack ? _cycle : _cycle + 1, SettledFor = _sweep };
        return block;
    }

    private enum BlockState : byte
    {
        Free,
        Unswept,
        Sweeping,
        Full,
    }

    private struct BlockInfo
    {
        public BlockState State;
        public byte Class;
        public int CellSize;
        public int Cells;

        /// <summary>Cells handed out and not freed one by one, and the list of those that were.</summary>
        public int Live;
        public nint FreeCells;

        /// <summary>The marking before which its marks are clear, and the one since which it waits to be swept, or does not.</summary>
        public int WhiteFor;
        public int SettledFor;

        /// <summary>Cells before this address have been handed out or are marked.</summary>
        public nint SweptTo;
    }
}
