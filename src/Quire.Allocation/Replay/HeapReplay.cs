using System.Diagnostics;

namespace Quire.Allocation;

/// <summary>Plays workloads on heaps and measures what becomes of the memory.</summary>
public static unsafe class HeapReplay
{
    /// <summary>Pieces of the map in a sample.</summary>
    public const int MapPieces = 96;

    private const int MostSamples = 256;
    private const int ProgressInterval = 256;

    /// <summary>
    /// Plays a workload twice: once sampling, once against the clock. Each run gets a heap and a workload of its own; <paramref name="expectedEvents"/>
    /// spaces the samples. Cancelling ends the run early with what there is.
    /// </summary>
    public static ReplayResult Run(
        AllocatorKind kind, AllocatorOptions options, Func<IWorkload> workload, long expectedEvents, Action<long>? onProgress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(workload);
        ReplayResult result;
        using (var heap = AllocatorKinds.Create(kind, options))
        {
            result = Sampled(kind.Name, heap, options, workload(), Math.Max(1, expectedEvents / MostSamples), onProgress, cancellation);
        }

        using var timed = AllocatorKinds.Create(kind, options);
        return cancellation.IsCancellationRequested ? result : result with { NanosecondsPerCall = Timed(timed, options, workload(), cancellation) };
    }

    private static ReplayResult Sampled(
        string kind, IAllocator heap, AllocatorOptions options, IWorkload workload, long interval, Action<long>? onProgress, CancellationToken cancellation)
    {
        var blocks = new Dictionary<long, (nint Address, long Size)>();
        var samples = new List<ReplaySample>();
        long events = 0, failures = 0, skipped = 0, live = 0, peakLive = 0, highWater = 0;
        var alignment = nint.Min(16, options.Unit);
        while (!cancellation.IsCancellationRequested && workload.TryNext(out var call))
        {
            events++;
            if (call.Kind == HeapEventKind.Free)
            {
                if (!blocks.Remove(call.Id, out var block))
                {
                    skipped++;
                    continue;
                }

                live -= block.Size;
                heap.Free((void*)block.Address);
            }
            else
            {
                var known = blocks.TryGetValue(call.Id, out var old);
                var address = known ? (nint)heap.Reallocate((void*)old.Address, (nint)call.Size) : (nint)heap.Allocate((nint)call.Size, alignment);
                var offset = address == 0 ? -1 : heap.OffsetOf((void*)address);
                workload.Placed(call.Id, offset);
                if (address == 0)
                {
                    failures++;
                }
                else
                {
                    blocks[call.Id] = (address, call.Size);
                    live += call.Size - old.Size;
                    peakLive = Math.Max(peakLive, live);
                    highWater = heap is GuardedHeap ? 0 : Math.Max(highWater, offset + call.Size);
                }
            }

            if (events % interval == 0)
            {
                samples.Add(Sample(heap, options, events, live));
            }

            if (events % ProgressInterval == 0)
            {
                onProgress?.Invoke(events);
            }
        }

        samples.Add(Sample(heap, options, events, live));
        var statistics = heap.Statistics;
        return new ReplayResult
        {
            Kind = kind,
            Events = events,
            Failures = failures,
            SkippedFrees = skipped,
            PeakExternal = samples.Max(sample => sample.External),
            FinalExternal = samples[^1].External,
            PeakInternal = samples.Max(sample => sample.Internal),
            FinalInternal = samples[^1].Internal,
            LargestFree = statistics.LargestFree,
            FreeBlocks = statistics.FreeBlocks,
            PeakFreeBlocks = samples.Max(sample => sample.FreeBlocks),
            PeakLive = peakLive,
            PeakFootprint = statistics.PeakFootprint,
            HighWater = highWater,
            Splits = statistics.Splits,
            Merges = statistics.Merges,
            Examined = statistics.Examined,
            MetadataBytes = statistics.MetadataBytes,
            Samples = samples,
        };
    }

    private static double Timed(IAllocator heap, AllocatorOptions options, IWorkload workload, CancellationToken cancellation)
    {
        // The workload is laid out beforehand, with dense numbers, so that little but the heap is measured. Reactions to places are kept.
        var numbers = new Dictionary<long, int>();
        var blocks = new List<nint>();
        long calls = 0;
        long ticks = 0;
        var alignment = nint.Min(16, options.Unit);
        var batch = new List<(HeapEvent Call, int Number)>();
        while (!cancellation.IsCancellationRequested)
        {
            batch.Clear();
            while (batch.Count < 512 && workload.TryNext(out var call))
            {
                if (!numbers.TryGetValue(call.Id, out var number))
                {
                    number = blocks.Count;
                    numbers.Add(call.Id, number);
                    blocks.Add(0);
                }

                batch.Add((call, number));
                if (call.Kind == HeapEventKind.Free)
                {
                    numbers.Remove(call.Id);
                }
            }

            if (batch.Count == 0)
            {
                break;
            }

            var before = Stopwatch.GetTimestamp();
            foreach (var (call, number) in batch)
            {
                var old = blocks[number];
                if (call.Kind == HeapEventKind.Free)
                {
                    heap.Free((void*)old);
                    blocks[number] = 0;
                }
                else
                {
                    var address = old != 0 ? (nint)heap.Reallocate((void*)old, (nint)call.Size) : (nint)heap.Allocate((nint)call.Size, alignment);
                    blocks[number] = address != 0 ? address : old;
                }
            }

            ticks += Stopwatch.GetTimestamp() - before;
            calls += batch.Count;
            foreach (var (call, number) in batch.Where(entry => entry.Call.Kind != HeapEventKind.Free))
            {
                workload.Placed(call.Id, blocks[number] == 0 ? -1 : heap.OffsetOf((void*)blocks[number]));
            }
        }

        return calls == 0 ? double.NaN : ticks * (1e9 / Stopwatch.Frequency) / calls;
    }

    private static ReplaySample Sample(IAllocator heap, AllocatorOptions options, long events, long live)
    {
        var statistics = heap.Statistics;
        var map = new float[MapPieces];
        var piece = Math.Max(1, (double)options.Memory / MapPieces);
        foreach (var block in heap.Walk().Where(block => block.State == BlockState.Allocated && block.Offset < options.Memory))
        {
            for (var i = (int)(block.Offset / piece); i < MapPieces && i * piece < block.Offset + block.Length; i++)
            {
                map[i] += (float)((Math.Min(block.Offset + block.Length, (i + 1) * piece) - Math.Max(block.Offset, i * piece)) / piece);
            }
        }

        var inside = statistics.AllocatedBytes == 0 ? 0 : Math.Max(0, 1 - ((double)live / statistics.AllocatedBytes));
        return new ReplaySample(
            events, live, statistics.AllocatedBytes, statistics.Footprint, statistics.FreeBlocks, statistics.LargestFree, statistics.ExternalFragmentation, inside, map);
    }
}
