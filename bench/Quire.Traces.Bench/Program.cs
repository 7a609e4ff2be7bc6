using System.Diagnostics;
using System.Globalization;
using Quire.Replacement;
using Quire.Traces;

// Replay, curves and readers on given traces: medians of five, reading included, one core.
// Usage: Quire.Traces.Bench TRACE FRAMES [POLICIES]; a .qtrace for policies and curves, any other trace for its reader.
if (args.Length < 2 || !int.TryParse(args[1], NumberStyles.None, CultureInfo.InvariantCulture, out var frames))
{
    Console.Error.WriteLine("usage: Quire.Traces.Bench TRACE FRAMES [POLICIES]");
    return 2;
}

var path = args[0];
Measure("read", () => Drain(null));
if (TraceFormats.Open(path) is QtraceReader)
{
    foreach (var policy in PolicyRegistry.ParseList(args.Length > 2 ? args[2] : "fifo,lru,clock,lfu,arc,lirs,s3-fifo,sieve,opt,2q,w-tinylfu"))
    {
        Measure(policy.Text, () =>
        {
            using var runs = RunSource.Of(TraceFormats.Open(path), 12);
            return new ReplayEngine([Simulation.Create(policy, frames)]) { Cores = 1 }.Run(runs).References;
        });
    }

    Measure("curve exact", () => Study(new CurveRequest { Exact = true }));
    Measure("curve sampled 1 %", () => Study(new CurveRequest { Rate = 0.01 }));
}

return 0;

long Study(CurveRequest request)
{
    using var runs = RunSource.Of(TraceFormats.Open(path), 12);
    return CurveStudy.Run(runs, request).References;
}

long Drain(RunBatch? batch)
{
    batch ??= new RunBatch();
    using var runs = RunSource.Of(TraceFormats.Open(path), 12);
    while (runs.Next(batch))
    {
    }

    return runs.References;
}

static void Measure(string name, Func<long> run)
{
    const int Times = 5;
    var rates = new double[Times];
    // The first run compiles.
    run();
    for (var time = 0; time < Times; time++)
    {
        GC.Collect();
        var process = Process.GetCurrentProcess();
        var before = process.UserProcessorTime + process.PrivilegedProcessorTime;
        var references = run();
        process.Refresh();
        // Processor time, so that other work on the machine does not count.
        rates[time] = references / (process.UserProcessorTime + process.PrivilegedProcessorTime - before).TotalSeconds / 1e6;
    }

    Array.Sort(rates);
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-20} {rates[Times / 2],8:0.0} M references/s (best {rates[^1]:0.0})"));
}
