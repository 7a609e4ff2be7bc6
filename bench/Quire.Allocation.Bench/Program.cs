using System.Diagnostics;
using System.Globalization;
using Quire.Allocation;
using Quire.Allocation.Bench;

// One measurement a process: `SUBJECT WORKLOAD [rounds]` prints nanoseconds of CPU for one allocation and free, and footprint over live bytes.
var subject = args.Length > 0 ? args[0] : "thread-caching";
var workload = args.Length > 1 ? args[1] : "pair";
var rounds = 5;
const nint Gigabyte = 1 << 30;
string[] workloadNames = subject == "thread-caching" ? ["pair", "lifo", "random", "mixed", "threads", "threads-wall"] : ["pair", "lifo", "random", "mixed"];
string[] heapNames = ["thread-caching", "boundary-tag", "tlsf", "pool", "native-memory", "array-pool"];
var isEngine = Engines.Names.Contains(subject);
if (args.Length > 3)
{
    return Refuse("too many arguments");
}

if (!isEngine && !heapNames.Contains(subject))
{
    return Refuse($"no subject '{subject}'; there are {string.Join(", ", heapNames.Concat(Engines.Names))}");
}

if (!isEngine && !workloadNames.Contains(workload))
{
    return Refuse($"no workload '{workload}' of {subject}; there are {string.Join(", ", workloadNames)}");
}

if (args.Length > 2 && (!int.TryParse(args[2], NumberStyles.None, CultureInfo.InvariantCulture, out rounds) || rounds is < 1 or > 1000))
{
    return Refuse($"rounds '{args[2]}' is not a number from 1 to 1000");
}

switch (subject)
{
    case "thread-caching" when workload is "threads" or "threads-wall":
        Threads();
        break;
    case "thread-caching":
        var threadCaching = new ThreadCachingHeap(new NativeRegion(Gigabyte));
        Run(new ThreadCachingSubject(threadCaching), threadCaching);
        break;
    case "boundary-tag":
        var boundaryTag = new BoundaryTagHeap(new NativeRegion(Gigabyte));
        Run(new BoundaryTagSubject(boundaryTag), boundaryTag);
        break;
    case "tlsf":
        var twoLevel = new TwoLevelHeap(new NativeRegion(Gigabyte));
        Run(new TwoLevelSubject(twoLevel), twoLevel);
        break;
    case "pool":
        Run(new PoolSubject(new BlockPool(new NativeRegion(Gigabyte), 64)), null);
        break;
    case "native-memory":
        Run(new NativeMemorySubject(), null);
        break;
    case "array-pool":
        Run(new ArrayPoolSubject(), null);
        break;
    default:
        Engines.Run(subject, rounds);
        break;
}

return 0;

static int Refuse(string what)
{
    Console.Error.WriteLine($"Quire.Allocation.Bench: {what}. Usage: Quire.Allocation.Bench [SUBJECT [WORKLOAD [ROUNDS]]]");
    return 2;
}

void Run<TSubject>(TSubject target, IAllocator? heap)
    where TSubject : ISubject
{
    var workloads = new Workloads<TSubject>(target, target is not ArrayPoolSubject);
    switch (workload)
    {
        case "random":
            workloads.FillEqual();
            break;
        case "mixed":
            workloads.FillMixed();
            break;
    }

    var nanoseconds = workload switch
    {
        "pair" => Clock.Median(rounds, 20_000_000, workloads.Pair),
        "lifo" => Clock.Median(rounds, 10_000_000, workloads.Lifo),
        "random" => Clock.Median(rounds, 5_000_000, workloads.Random),
        _ => Clock.Median(rounds, 5_000_000, workloads.Mixed),
    };
    var footprint = heap is null || workloads.PeakLiveBytes == 0 ? 0 : (double)heap.Statistics.PeakFootprint / workloads.PeakLiveBytes;
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{subject} {workload} {nanoseconds:0.0} {footprint:0.00}"));
}

// Throughput of two threads over that of one, each on its own stack of blocks, the best of the rounds. By the CPU time of the slower thread other
// work on the machine does not count, and blocking on a lock would not either; by the wall both do, so that needs two idle cores.
void Threads()
{
    var heap = new ThreadCachingHeap(new NativeRegion(Gigabyte));
    var byWall = workload == "threads-wall";
    var (one, two) = (double.MaxValue, double.MaxValue);
    for (var round = 0; round < rounds; round++)
    {
        one = Math.Min(one, Measure(1));
        two = Math.Min(two, Measure(2));
    }

    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"thread-caching {workload} {2 * one / two:0.00}"));

    double Measure(int count)
    {
        var spent = new double[count];
        using var start = new Barrier(count + 1);
        var threads = Enumerable.Range(0, count).Select(i => new Thread(() =>
        {
            var workloads = new Workloads<ThreadCachingSubject>(new ThreadCachingSubject(heap), true);
            start.SignalAndWait();
            var before = Clock.Nanoseconds();
            workloads.Lifo(20_000_000);
            spent[i] = Clock.Nanoseconds() - before;
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        start.SignalAndWait();
        var watch = Stopwatch.StartNew();
        Array.ForEach(threads, thread => thread.Join());
        return byWall ? watch.Elapsed.TotalNanoseconds : spent.Max();
    }
}
