using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Quire.Traces;

/// <summary>
/// The fast way from .qtrace to replay: a block becomes a batch; each page of its dictionary is looked up once, each run costs an array access.
/// Only for the page size that the file was written with.
/// </summary>
public sealed class QtraceRuns(QtraceReader reader) : RunSource
{
    // What a page that has no number yet is found as, shifted.
    private const uint Unknown = unchecked((uint)-1 << 1);

    private readonly ProcessMarks _processes = new();
    private readonly uint[] _numbers = new uint[QtraceBlockHeader.MostRuns];
    private readonly byte[] _taken = new byte[QtraceBlockHeader.MostRuns];

    public override PageSampling Sample { get; set; } = new(1);

    public override bool HasObjectSizes => reader.HasObjectSizes;

    public override TraceUnit Unit => reader.Unit;

    public override int PageShift => reader.Header.PageShift;

    public override string Reading => reader.Reading;

    public override double? Progress => reader.Source.Length is > 0 and var length ? Math.Min(1, reader.Source.Offset / (double)length) : null;

    public override void Dispose() => reader.Dispose();

    protected override bool Fill(RunBatch batch)
    {
        if (reader.NextBlock() is not { } block)
        {
            return false;
        }

        batch.References = block.Header.References;
        if (Sample.Rate < 1)
        {
            ExpandSample(block, batch);
            return true;
        }

        var numbers = _numbers;
        var isKnown = true;
        for (var symbol = 0; symbol < block.Header.Symbols; symbol++)
        {
            var number = Numbering.Find(PageOf(block, symbol));
            numbers[symbol] = (uint)number << 1;
            isKnown &= number >= 0;
        }

        if (!isKnown)
        {
            NumberNewPages(block);
        }

        Expand(block, batch);
        batch.Length = block.Header.Runs;
        if (HasObjectSizes)
        {
            AddSizes(block, batch);
        }

        return true;
    }

    private ulong PageOf(QtraceBlock block, int symbol) => block.Pages[symbol] ^ _processes.Of(block.Processes[symbol]);

    /// <summary>Pages outside of the sample are left out before they are numbered: they cost a hash an entry of the dictionary and a store a run.</summary>
    private void ExpandSample(QtraceBlock block, RunBatch batch)
    {
        var (numbers, taken) = (_numbers, _taken);
        for (var symbol = 0; symbol < block.Header.Symbols; symbol++)
        {
            var page = PageOf(block, symbol);
            taken[symbol] = 0;
            if (Sample.Takes(page))
            {
                taken[symbol] = 1;
                numbers[symbol] = (uint)Numbering.NumberOf(page) << 1;
            }
        }

        var symbols = block.Symbols;
        var wide = MemoryMarshal.Cast<byte, ushort>(symbols);
        var counts = block.Counts[..block.Header.Runs];
        var longCounts = new VariableIntegerReader(block.LongCounts);
        var length = 0;
        for (var run = 0; run < counts.Length; run++)
        {
            int symbol = block.Header.SymbolWidth == 1 ? symbols[run] : wide[run];
            var count = counts[run] & 0x7f;
            // Stored in any case and overwritten by the next run if it is not taken: no branch to guess wrong.
            batch.Pages[length] = numbers[symbol] | (uint)(counts[run] >> 7);
            batch.Counts[length] = count == 127 ? (int)longCounts.Read() : Math.Max(1, count);
            if (count == 0 && taken[symbol] != 0)
            {
                batch.Deletions.Add(length);
            }

            length += taken[symbol];
        }

        batch.Length = length;
    }

    // The dictionary is sorted by page; new pages get their numbers in the order of their first references.
    private void NumberNewPages(QtraceBlock block)
    {
        if (block.Header.SymbolWidth == 1)
        {
            NumberNewPages(block, block.Symbols[..block.Header.Runs]);
        }
        else
        {
            NumberNewPages(block, MemoryMarshal.Cast<byte, ushort>(block.Symbols)[..block.Header.Runs]);
        }
    }

    private void NumberNewPages<TSymbol>(QtraceBlock block, ReadOnlySpan<TSymbol> symbols)
        where TSymbol : unmanaged, IBinaryInteger<TSymbol>
    {
        ref var first = ref MemoryMarshal.GetArrayDataReference(_numbers);
        foreach (var symbol in symbols)
        {
            var index = int.CreateTruncating(symbol);
            ref var number = ref Unsafe.Add(ref first, index);
            if (number == Unknown)
            {
                number = (uint)Numbering.NumberOf(PageOf(block, index)) << 1;
            }
        }
    }

    private void Expand(QtraceBlock block, RunBatch batch)
    {
        var runs = block.Header.Runs;
        ref var number = ref MemoryMarshal.GetArrayDataReference(_numbers);
        var counts = block.Counts;
        var pages = batch.Pages.AsSpan(0, runs);
        var lengths = batch.Counts.AsSpan(0, runs);
        var hasLong = block.LongCounts.Length > 0;
        if (block.Header.SymbolWidth == 1)
        {
            var symbols = block.Symbols;
            for (var run = 0; run < pages.Length; run++)
            {
                int count = counts[run];
                pages[run] = Unsafe.Add(ref number, symbols[run]) | (uint)(count >> 7);
                lengths[run] = count & 0x7f;
            }
        }
        else
        {
            var symbols = MemoryMarshal.Cast<byte, ushort>(block.Symbols);
            for (var run = 0; run < pages.Length; run++)
            {
                int count = counts[run];
                pages[run] = Unsafe.Add(ref number, symbols[run]) | (uint)(count >> 7);
                lengths[run] = count & 0x7f;
            }
        }

        for (var run = counts.IndexOf((byte)0); run >= 0;)
        {
            lengths[run] = 1;
            batch.Deletions.Add(run);
            var further = counts[(run + 1)..].IndexOf((byte)0);
            run = further < 0 ? -1 : run + 1 + further;
        }

        if (hasLong)
        {
            var longCounts = new VariableIntegerReader(block.LongCounts);
            for (var run = 0; run < lengths.Length; run++)
            {
                if (lengths[run] == 127)
                {
                    lengths[run] = (int)longCounts.Read();
                }
            }
        }
    }

    private static void AddSizes(QtraceBlock block, RunBatch batch)
    {
        if (batch.Sizes.Length == 0)
        {
            batch.Sizes = new ulong[batch.Pages.Length];
        }

        for (var run = 0; run < block.Header.Runs; run++)
        {
            batch.Sizes[run] = block.Sizes[block.SymbolOf(run)];
        }
    }
}
