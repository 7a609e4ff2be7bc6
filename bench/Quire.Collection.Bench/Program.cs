using System.Diagnostics;
using System.Globalization;
using Quire.Collection;
using Quire.Collection.Bench;
using Quire.Primitives;

// collection.sh runs this, and the C peers beside it; each call prints one number or a few, tab-separated.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["micro"]:
        Micro.Run();
        return 0;
    case ["mark"]:
        Marking.Run();
        return 0;
    case ["together"]:
        Marking.RunTogether();
        return 0;
    case ["pauses"]:
        Pauses.Run();
        return 0;
    case ["concurrent"]:
        Pauses.RunConcurrent();
        return 0;
    case ["heap", var plan, var program, var heap]:
        var limit = ByteSize.TryParse(heap, out var size) ? (long)size.Bytes : throw new ArgumentException(heap);
        var processor = Process.GetCurrentProcess().TotalProcessorTime;
        var result = HeapRun.Run(PlanRegistry.Parse(plan), ProgramRegistry.Parse(program), new PlanSetup { HeapLimit = limit });
        processor = Process.GetCurrentProcess().TotalProcessorTime - processor;
        Console.WriteLine($"{processor.TotalMilliseconds:0}\t{result.PausePercentile(1) / 1e6:0.0}\t{result.LongestProcessorPause / 1e6:0.00}\t{result.Pauses.Count}");
        return 0;
    case ["dotnet", var peer, var depth]:
        DotnetPeers.Run(peer, int.Parse(depth, CultureInfo.InvariantCulture));
        return 0;
    default:
        Console.Error.WriteLine("usage: micro | mark | together | pauses | concurrent | heap PLAN PROGRAM SIZE | dotnet gcbench|trees DEPTH");
        return 2;
}
