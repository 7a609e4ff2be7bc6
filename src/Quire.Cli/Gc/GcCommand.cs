using System.CommandLine;
using Quire.Cli.Replay;
using Quire.Collection;
using Quire.Collection.Steps;
using Quire.Compilation;
using Quire.Primitives;

namespace Quire.Cli.Gc;

/// <summary>quire gc: programs on collected heaps, one plan after the other, as a table.</summary>
public static class GcCommand
{
    private const ulong LeastHeap = 1 << 20;
    private const ulong MostHeap = 1UL << 40;

    private static readonly string s_examples = string.Join("\n", [
        "Run programs on collected heaps: every collector of the field, on real memory.",
        "",
        "Examples:",
        "  quire gc gcbench                                          every plan, one table",
        "  quire gc --plan generational,immix binary-trees:depth=18 --heap 64M --html gc.html",
        "  quire gc --plan mark-sweep MyProgram.cs --time-limit 30s   a program of one's own",
        "  quire gc --plan semispace --steps \"a=[b c] b=[d] root a -b gc\"",
        "  quire gc --plan mark-sweep,generational gcbench --ram 8M --policy arc --tlb 64",
        "  quire gc --plan generational gcbench --log gc.log         for viewers of Java's logs",
    ]);

    public static Command Create()
    {
        var program = new Argument<string?>("program") { Description = "what allocates: a C# file with an IMutatorProgram, or " + string.Join(", ", ProgramRegistry.All.Select(descriptor => descriptor.Name)) + "; parameters as in binary-trees:depth=18", Arity = ArgumentArity.ZeroOrOne };
        var plan = new Option<string>("--plan", "-p") { Description = "collectors, with commas between, or all (semispace for --steps): " + string.Join(", ", PlanRegistry.All.Select(descriptor => descriptor.Name)) };
        var heap = new Option<string?>("--heap") { Description = "limit of each heap, everything counted; 64M, for --steps 1M" };
        var steps = new Option<string?>("--steps", "-s") { Description = "\"a=[b c] b=[d] root a -b gc\": objects, field stores (a.0=b, a.0=null), roots, what is let go, gc and minor; start, mark, finish for plans that mark beside the program" };
        var sanity = new Option<bool>("--sanity") { Description = "trace the heap before and after each collection, and compare" };
        var log = new Option<string?>("--log") { Description = "file for the pauses as OpenJDK 17's serial collector logs them (-Xlog:gc*); with several plans one each, FILE.plan" };
        var time = new Option<string?>("--time-limit") { Description = "ends a run after so much time: 10s, 2m" };
        var barriers = new Option<bool>("--barrier-cost") { Description = "measure what the barrier costs: three more runs with it and three without, every collection full" };
        var census = new Option<bool>("--census") { Description = "one more run for ages at death, floating garbage and fragmentation; --draw and --html do so by themselves" };
        var draw = new Option<bool>("--draw") { Description = "draw plans beside each other, pauses, utilisation and the heap over time" };
        var html = new Option<string?>("--html") { Description = "file for the drawings as one self-contained page" };
        var csv = new Option<string?>("--csv") { Description = "file for the results as comma-separated values, - for standard output" };
        var ram = new Option<string?>("--ram") { Description = "one more run whose pages have so much memory: faults of the program and of the collector" };
        var policy = new Option<string>("--policy") { Description = "which page goes, with --ram: a policy of quire policies, or a C# file", DefaultValueFactory = _ => "lru" };
        var tlb = new Option<int>("--tlb") { Description = "entries of a translation buffer, with --ram" };
        var thp = new Option<bool>("--thp") { Description = "pages of 2 MiB, with --ram" };
        var json = new Option<string?>("--json") { Description = "file for the results as JSON, - for standard output" };
        var command = new Command("gc", s_examples)
        {
            program, plan, heap, steps, sanity, barriers, census, draw, html, csv, log, ram, policy, tlb, thp, time, json, GcExploreCommand.Create(),
        };
        command.Guard((parse, cancellation) => Guarded(() =>
        {
            var output = new GcOutput(parse.GetValue(json)) { Log = parse.GetValue(log), Csv = parse.GetValue(csv), Html = parse.GetValue(html), Draws = parse.GetValue(draw) };
            var looks = new GcLooks(parse.GetValue(barriers), parse.GetValue(census) || output.Draws || output.Html is not null, GcPagingOptions.Parse(parse.GetValue(ram), parse.GetValue(policy)!, parse.GetValue(tlb), parse.GetValue(thp)));
            var limits = new GcLimits(GcLimits.Parse(parse.GetValue(time)), cancellation);
            var text = parse.GetValue(steps);
            var setup = new PlanSetup
            {
                HeapLimit = Heap(parse.GetValue(heap) ?? (text is null ? "64M" : "1M")),
                Checking = parse.GetValue(sanity) ? HeapChecking.EachCollection : HeapChecking.None,
            };
            var plans = PlanRegistry.ParseList(parse.GetValue(plan) ?? (text is null ? "all" : Semispace.Definition.Name));
            return (parse.GetValue(program), text) switch
            {
                ({ } name, null) => GcRuns.Run(plans, Program(name, limits), setup, looks, output, limits),
                (null, { }) => GcSteps.Run(plans, HeapScript.Parse(text), setup, output),
                (null, null) => throw new UsageException($"give a program or --steps; programs are {string.Join(", ", ProgramRegistry.All.Select(descriptor => descriptor.Name))}"),
                _ => throw new UsageException("give one of a program and --steps"),
            };
        }));
        return command;
    }

    private static ProgramSpecification Program(string text, GcLimits limits) =>
        text.EndsWith(".cs", StringComparison.Ordinal) ? ProgramCompiler.Compile(text, () => limits.Current) : ProgramRegistry.Parse(text);

    /// <summary>Turns what the library throws at bad input into exit codes.</summary>
    internal static int Guarded(Func<int> action)
    {
        try
        {
            return action();
        }
        catch (Exception error) when (error is CollectionFormatException or HeapExhaustedException or NotSupportedException or HeapCorruptedException or ProgramFailureException)
        {
            // A compiler's messages come a line each.
            Console.Error.WriteLine("quire: " + error.Message);
            return CommandGuard.BadUse;
        }
    }

    private static long Heap(string text) => ByteSize.TryParse(text, out var size) && size.Bytes is >= LeastHeap and <= MostHeap
        ? (long)size.Bytes
        : throw new UsageException($"--heap '{text}' is not a size from {new ByteSize(LeastHeap)} to {new ByteSize(MostHeap)}");
}
