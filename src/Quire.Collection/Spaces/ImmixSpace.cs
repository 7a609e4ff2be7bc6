using System.Runtime.InteropServices;

namespace Quire.Collection;

/// <summary>
/// Blocks of 32 KiB in lines of 128 bytes. Objects are bump allocated into runs of free lines (holes) and may cross lines, not blocks. After marking, lines
/// that hold no marked object are free again; blocks without any are given back.
/// </summary>
/// <remarks>
/// S. M. Blackburn and K. S. McKinley, Immix: A Mark-Region Garbage Collector with Space Efficiency, Fast Collection, and Mutator Performance, PLDI 2008. A small object marks the
/// line it begins in only, and the line behind a marked one counts as used (their implicit marking, section 3.1); objects larger than a line mark all of theirs.
/// </remarks>
internal sealed unsafe class ImmixSpace
{
    public const int LineShift = 7;
    public const nint LineSize = 1 << LineShift;
    public const int LinesOfBlock = (int)(HeapMemory.BlockSize >> LineShift);

    // A byte a line, and what the tables below hold for a block.
    private const int MetadataOfBlock = LinesOfBlock + 16;

    private readonly HeapMemory _memory;
    private readonly HeapChecking _checking;
    private readonly byte* _lines;
    private readonly BlockState[] _states;
    private readonly short[] _holes;
    private readonly Stack<int> _free = [];
    private readonly Queue<int> _recyclable = [];
    private int _untouched;

    public ImmixSpace(HeapMemory memory, nint bytes, HeapChecking checking)
    {
        _memory = memory;
        _checking = checking;
        Range = memory.Carve(bytes);
        var blocks = (int)(Range.Length >> HeapMemory.BlockShift);
        _lines = (byte*)NativeMemory.AllocZeroed((nuint)(blocks * (long)LinesOfBlock));
        _states = new BlockState[blocks];
        _holes = new short[blocks];
    }

    public AddressRange Range { get; }

    public int BlocksInUse { get; private set; }

    /// <summary>Bytes of marked lines at the last <see cref="Settle"/>.</summary>
    public long MarkedBytes { get; private set; }

    /// <summary>Free lines in blocks that are in use, at the last <see cref="Settle"/>: fragmentation.</summary>
    public long FreeLinesInUse { get; private set; }

    /// <summary>Marks the lines of an object. Shared lines are written by whoever comes, always with the same value.</summary>
    public void MarkLines(nint target, nint size)
    {
        var line = _lines + ((target - Range.Start) >> LineShift);
        *line = 1;
        if (size > LineSize)
        {
            for (var last = _lines + ((target + size - 1 - Range.Start) >> LineShift); line < last;)
            {
                *++line = 1;
            }
        }
    }

    public bool IsEvacuated(nint target) => _states[(target - Range.Start) >> HeapMemory.BlockShift] == BlockState.Evacuated;

    /// <summary>
    /// The next hole for a mutator, zeroed, of at least so many bytes: in a block that it has begun, a block with free lines, or a free one. False when only a collection,
    /// or more memory, can help.
    /// </summary>
    /// <param name="hole">The position of the search, and its result.</param>
    /// <param name="size">Bytes; more than a line asks for a free block, the overflow block of the paper.</param>
    public bool TryNextHole(ref Hole hole, nint size, BudgetRule rule)
    {
        while (size <= LineSize)
        {
            if (hole.Block >= 0 && TryHoleInBlock(ref hole))
            {
                return true;
            }

            if (!_recyclable.TryDequeue(out var next))
            {
                break;
            }

            if (_states[next] == BlockState.Recyclable)
            {
                _states[next] = BlockState.InUse;
                hole = new Hole { Block = next };
            }
        }

        var block = TakeBlock(rule);
        if (block < 0)
        {
            hole = new Hole { Block = -1 };
            return false;
        }

        hole = new Hole { Block = block, NextLine = LinesOfBlock, Start = AddressOf(block), End = AddressOf(block) + HeapMemory.BlockSize };
        Prepare(hole.Start, hole.End - hole.Start);
        return true;
    }

    /// <summary>All mark bits and line marks are cleared: a full collection is about to begin.</summary>
    public void ClearMarks()
    {
        // Without line marks every line looks free: copies go to blocks of their own.
        _recyclable.Clear();
        for (var block = 0; block < _untouched; block++)
        {
            if (_states[block] != BlockState.Free)
            {
                _memory.ClearMarks(AddressOf(block), HeapMemory.BlockSize);
                new Span<byte>(_lines + (block * (long)LinesOfBlock), LinesOfBlock).Clear();
            }
        }
    }

    /// <summary>
    /// Chooses blocks to be emptied by this collection: those with the most holes at the last one, as far as the free lines elsewhere and the
    /// memory that is left hold what is in them. Returns how many.
    /// </summary>
    public int ChooseEvacuated(long bytesLeft)
    {
        var room = bytesLeft;
        var chosen = 0;
        var candidates = Enumerable.Range(0, _untouched).Where(block => _states[block] != BlockState.Free && _holes[block] > 1).OrderByDescending(block => _holes[block]);
        foreach (var block in candidates)
        {
            var used = CountLines(block) * LineSize;
            if (used + HeapMemory.BlockSize > room)
            {
                break;
            }

            room -= used;
            _states[block] = BlockState.Evacuated;
            chosen++;
        }

        return chosen;
    }

    /// <summary>After marking: finds out which blocks are free and which have holes. Line marks stay until the next full collection.</summary>
    public void Settle(HeapObserver? observer)
    {
        _recyclable.Clear();
        MarkedBytes = 0;
        FreeLinesInUse = 0;
        for (var block = 0; block < _untouched; block++)
        {
            if (_states[block] == BlockState.Free)
            {
                continue;
            }

            var used = CountUsed(block, out var holes);
            if (_checking != HeapChecking.None || observer is not null)
            {
                SayFreed(block, observer);
            }

            _holes[block] = (short)holes;
            if (used == 0)
            {
                _states[block] = BlockState.Free;
                BlocksInUse--;
                _memory.Give(HeapMemory.BlockSize, MetadataOfBlock);
                _free.Push(block);
                continue;
            }

            MarkedBytes += used * LineSize;
            FreeLinesInUse += LinesOfBlock - used;
            _states[block] = holes > 0 ? BlockState.Recyclable : BlockState.InUse;
            if (holes > 0)
            {
                _recyclable.Enqueue(block);
            }
        }
    }

    public bool IsInUse(nint target) => Range.Contains(target) && _states[(target - Range.Start) >> HeapMemory.BlockShift] != BlockState.Free;

    /// <summary>Marked objects, and those in lines that were handed out since.</summary>
    public void ForEachObject(Plan plan, Action<nint> visit)
    {
        for (var block = 0; block < _untouched; block++)
        {
            if (_states[block] == BlockState.Free)
            {
                continue;
            }

            var end = AddressOf(block) + HeapMemory.BlockSize;
            for (var address = AddressOf(block); address < end;)
            {
                if (_memory.IsMarked(address))
                {
                    visit(address);
                    address += plan.SizeOf(address);
                }
                else if (IsHandedOut(address) && plan.Types.Knows(*(ulong*)address))
                {
                    visit(address);
                    address += plan.SizeOf(address);
                }
                else
                {
                    address += 8;
                }
            }
        }
    }

    private nint AddressOf(int block) => Range.Start + ((nint)block << HeapMemory.BlockShift);

    private bool IsHandedOut(nint address) => _lines[(address - Range.Start) >> LineShift] == HandedOut;

    // A line that was handed out since the last collection: not marked, but not to be handed out again, either.
    private const byte HandedOut = 2;

    private bool TryHoleInBlock(ref Hole hole)
    {
        var lines = _lines + (hole.Block * (long)LinesOfBlock);
        var line = hole.NextLine;
        while (line < LinesOfBlock)
        {
            // The line behind a marked one may hold the end of an object that begins there.
            if (lines[line] != 0 || (line > 0 && lines[line - 1] == 1))
            {
                line++;
                continue;
            }

            var first = line;
            while (line < LinesOfBlock && lines[line] == 0)
            {
                line++;
            }

            hole.NextLine = line;
            hole.Start = AddressOf(hole.Block) + (first * LineSize);
            hole.End = AddressOf(hole.Block) + (line * LineSize);
            Prepare(hole.Start, hole.End - hole.Start);
            return true;
        }

        hole.NextLine = LinesOfBlock;
        return false;
    }

    private void Prepare(nint start, nint bytes)
    {
        NativeMemory.Clear((void*)start, (nuint)bytes);
        new Span<byte>(_lines + ((start - Range.Start) >> LineShift), (int)(bytes >> LineShift)).Fill(HandedOut);
    }

    private int CountLines(int block)
    {
        var lines = new ReadOnlySpan<byte>(_lines + (block * (long)LinesOfBlock), LinesOfBlock);
        return LinesOfBlock - lines.Count((byte)0);
    }

    // Used lines are those marked and the one behind each; lines handed out and not marked become free.
    private int CountUsed(int block, out int holes)
    {
        var lines = _lines + (block * (long)LinesOfBlock);
        var used = 0;
        holes = 0;
        var isHole = false;
        var wasMarked = false;
        for (var line = 0; line < LinesOfBlock; line++)
        {
            if (lines[line] == HandedOut)
            {
                lines[line] = 0;
            }

            var isUsed = lines[line] != 0 || wasMarked;
            wasMarked = lines[line] != 0;
            used += isUsed ? 1 : 0;
            holes += !isUsed && !isHole ? 1 : 0;
            isHole = !isUsed;
        }

        return used;
    }

    private void SayFreed(int block, HeapObserver? observer)
    {
        var lines = _lines + (block * (long)LinesOfBlock);
        for (var line = 0; line < LinesOfBlock; line++)
        {
            if (lines[line] == 0 && (line == 0 || lines[line - 1] == 0))
            {
                var start = AddressOf(block) + (line * LineSize);
                observer?.Freed(start, LineSize);
                if (_checking != HeapChecking.None)
                {
                    HeapChecker.Overwrite(start, LineSize);
                }
            }
        }
    }

    private int TakeBlock(BudgetRule rule)
    {
        if (!_free.TryPop(out var block))
        {
            if (_untouched == _states.Length)
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
        _memory.ClearMarks(AddressOf(block), HeapMemory.BlockSize);
        _states[block] = BlockState.InUse;
        _holes[block] = 0;
        return block;
    }

    public void Dispose() => NativeMemory.Free(_lines);

    private enum BlockState : byte
    {
        Free,
        InUse,
        Recyclable,
        Evacuated,
    }
}

/// <summary>A run of free lines, and where the search for the next one goes on.</summary>
internal struct Hole
{
    public int Block;
    public int NextLine;
    public nint Start;
    public nint End;
}
