using Quire.Cli.Replay;
using Quire.Collection;
using Quire.Collection.Paging;
using Quire.Compilation;
using Quire.Primitives;
using Quire.Replacement;
using Quire.Traces;

namespace Quire.Cli.Gc;

/// <summary>Memory that a heap's pages have, and how it is shared among them.</summary>
/// <param name="Ram">Bytes.</param>
/// <param name="Policy">Any of the registry, or one's own.</param>
/// <param name="TlbEntries">Of a fully associative translation buffer with the least recently used entry replaced; 0 for none.</param>
/// <param name="PageShift">12, or 21 with huge pages.</param>
internal sealed record GcPagingOptions(ulong Ram, PolicySpecification Policy, int TlbEntries, int PageShift)
{
    private const int MostTlbEntries = 1 << 16;

    public int Frames => (int)(Ram >> PageShift);

    public static GcPagingOptions? Parse(string? ram, string policy, int tlb, bool thp)
    {
        if (ram is null)
        {
            return tlb > 0 || thp ? throw new UsageException("--tlb and --thp are about paging: give --ram, too") : null;
        }

        var shift = thp ? 21 : 12;
        if (!ByteSize.TryParse(ram, out var size) || size.Bytes >> shift is < 1 or > 1 << 20)
        {
            throw new UsageException($"--ram '{ram}' is not a size from {new ByteSize(1UL << shift)} to {new ByteSize(1UL << (shift + 20))}");
        }

        return tlb is < 0 or > MostTlbEntries
            ? throw new UsageException($"--tlb {tlb} is not a number of entries from 1 to {MostTlbEntries}")
            : new GcPagingOptions(size.Bytes, PolicyLibrary.Parse(policy), tlb, shift);
    }
}

/// <summary>References, faults and misses of the translation buffer, by whose they are.</summary>
internal sealed record GcPagingResult(
    string Plan, string Policy, int Frames, int Pages, long ProgramReferences, long CollectorReferences, long ProgramFaults, long CollectorFaults, long Written, long ProgramTlbMisses, long CollectorTlbMisses);

/// <summary>Drives a policy, and a translation buffer beside it, by a run's references. A policy that knows the future gets them when the run is over.</summary>
internal sealed class GcPaging : IPageSink
{
    private const int MostKept = 1 << 26;

    private readonly GcPagingOptions _options;
    private readonly Simulation _memory;
    private readonly Simulation? _tlb;
    private readonly Dictionary<long, int> _numbers = [];
    private readonly long[] _references = new long[2];
    private readonly long[] _faults = new long[2];
    private readonly long[] _tlbMisses = new long[2];
    private readonly List<(RunBatch Batch, PageUser User)> _kept = [];
    private RunBatch _batch = new();
    private PageUser _user;
    private long _lastPage = long.MinValue;
    private int _lastNumber;
    private long _time;

    public GcPaging(GcPagingOptions options)
    {
        _options = options;
        _memory = Simulation.Create(options.Policy, options.Frames);
        _tlb = options.TlbEntries > 0 ? Simulation.Create(PolicyRegistry.Parse("lru"), options.TlbEntries) : null;
        _batch.FirstReference = 1;
    }

    public static GcPagingResult Run(PlanSpecification plan, ProgramSpecification program, PlanSetup setup, GcPagingOptions options)
    {
        var paging = new GcPaging(options);
        HeapRun.Run(plan, program, setup with { Observer = new HeapPaging(paging, options.PageShift) });
        return paging.Finish(plan.Name);
    }

    public void Refer(long page, int words, PageUse use, PageUser user)
    {
        if (user != _user)
        {
            Flush();
            _user = user;
        }

        var write = use == PageUse.Write ? 1U : 0U;
        if (page == _lastPage && _batch.Length > 0)
        {
            _batch.Pages[_batch.Length - 1] |= write;
            _batch.Counts[_batch.Length - 1] += words;
        }
        else
        {
            if (_batch.Length == _batch.Pages.Length)
            {
                Flush();
            }

            if (page != _lastPage)
            {
                _lastPage = page;
                if (!_numbers.TryGetValue(page, out _lastNumber))
                {
                    _lastNumber = _numbers.Count;
                    _numbers.Add(page, _lastNumber);
                }
            }

            _batch.Pages[_batch.Length] = ((uint)_lastNumber << 1) | write;
            _batch.Counts[_batch.Length] = words;
            _batch.Length++;
        }

        _batch.References += words;
        _time += words;
        _references[(int)user] += words;
    }

    private GcPagingResult Finish(string plan)
    {
        Flush();
        if (_memory.NeedsFuture)
        {
            LookAhead();
            foreach (var (batch, user) in _kept)
            {
                Feed(_memory, batch, user, _faults);
            }
        }

        return new GcPagingResult(
            plan, _options.Policy.Text, _options.Frames, _numbers.Count, _references[0], _references[1], _faults[0], _faults[1], _memory.Result.DirtyWrites, _tlbMisses[0], _tlbMisses[1]);
    }

    private void Flush()
    {
        if (_batch.Length == 0)
        {
            return;
        }

        _batch.PageCount = _numbers.Count;
        if (_tlb is not null)
        {
            Feed(_tlb, _batch, _user, _tlbMisses);
        }

        if (_memory.NeedsFuture)
        {
            Keep();
        }
        else
        {
            Feed(_memory, _batch, _user, _faults);
        }

        _batch.Length = 0;
        _batch.References = 0;
        _batch.FirstReference = _time + 1;
    }

    private static void Feed(Simulation simulation, RunBatch batch, PageUser user, long[] misses)
    {
        var before = simulation.Result.Misses;
        simulation.Run(batch);
        misses[(int)user] += simulation.Result.Misses - before;
    }

    private void Keep()
    {
        if (_kept.Sum(kept => (long)kept.Batch.Length) > MostKept)
        {
            throw new UsageException($"{_options.Policy.Text} must know the whole run, and it has more than {MostKept} references to changing pages: take a smaller program");
        }

        var copy = new RunBatch(_batch.Length) { Length = _batch.Length, References = _batch.References, FirstReference = _batch.FirstReference, PageCount = _batch.PageCount };
        _batch.Pages.AsSpan(0, _batch.Length).CopyTo(copy.Pages);
        _batch.Counts.AsSpan(0, _batch.Length).CopyTo(copy.Counts);
        _kept.Add((copy, _user));
    }

    // Backwards: when each page is next referred to.
    private void LookAhead()
    {
        var next = new long[_numbers.Count];
        for (var i = _kept.Count - 1; i >= 0; i--)
        {
            var batch = _kept[i].Batch;
            batch.Ahead = new uint[batch.Length];
            var end = batch.FirstReference + batch.References - 1;
            for (var run = batch.Length - 1; run >= 0; run--)
            {
                var page = batch.Pages[run] >> 1;
                batch.Ahead[run] = next[page] == 0 ? 0 : (uint)Math.Min(uint.MaxValue, next[page] - end);
                end -= batch.Counts[run];
                next[page] = end + 1;
            }
        }
    }
}
