using System.CommandLine;
using System.Globalization;
using Quire.Allocation;
using Quire.Cli.Classroom.Exercises;
using Quire.Cli.Replay;

namespace Quire.Cli.Alloc;

/// <summary>quire alloc list: the textbook's free list, with its order, its joining and its searches; exercises with hidden answers.</summary>
public static class AllocListCommand
{
    private static readonly (string Name, FreeListOrder Order)[] s_orders =
    [
        ("address", FreeListOrder.Address), ("size-up", FreeListOrder.SizeUp), ("size-down", FreeListOrder.SizeDown), ("front", FreeListOrder.Front), ("back", FreeListOrder.Back),
    ];

    private static readonly (string Name, FitPolicy Policy)[] s_policies = [("first", FitPolicy.First), ("best", FitPolicy.Best), ("worst", FitPolicy.Worst)];

    public static Command Create()
    {
        var operations = new Argument<string?>("operations") { Description = "\"+10,-0,+20\": allocate 10 bytes, free the first allocation, allocate 20", Arity = ArgumentArity.ZeroOrOne };
        var random = new Option<int>("--random") { Description = "so many operations drawn at random", DefaultValueFactory = _ => 10 };
        var seed = new Option<int>("--seed") { Description = "of the random operations" };
        var percent = new Option<int>("--allocations") { Description = "share of allocations among random operations, per cent", DefaultValueFactory = _ => 50 };
        var largest = new Option<int>("--largest") { Description = "largest random allocation", DefaultValueFactory = _ => 10 };
        var policy = new Option<string>("--policy", "-p") { Description = Names(s_policies), DefaultValueFactory = _ => "best" };
        var order = new Option<string>("--order") { Description = "where a freed block enters the list: " + Names(s_orders), DefaultValueFactory = _ => "address" };
        var coalesce = new Option<bool>("--coalesce") { Description = "join neighbours in the list when they are neighbours in memory" };
        var memory = new Option<long>("--memory", "-m") { Description = "bytes of the heap", DefaultValueFactory = _ => 100 };
        var start = new Option<long>("--base") { Description = "its first address", DefaultValueFactory = _ => 1000 };
        var header = new Option<long>("--header") { Description = "bytes added to each allocation" };
        var alignment = new Option<long>("--align") { Description = "allocations are rounded up to a multiple", DefaultValueFactory = _ => 1 };
        var exercises = new ExerciseOptions();
        var json = new Option<string?>("--json") { Description = "file for the steps as JSON, - for standard output" };
        var command = new Command("list", "The textbook's free list: uncoalesced or joined, in any order, with the elements searched; exercises with hidden answers.")
        {
            operations, random, seed, percent, largest, policy, order, coalesce, memory, start, header, alignment, json,
        };
        exercises.AddTo(command, seed);
        command.Guard((parse, _) => AllocCommand.Guarded(() =>
        {
            var options = new FreeListOptions
            {
                Memory = parse.GetValue(memory),
                Base = parse.GetValue(start),
                Header = parse.GetValue(header),
                Alignment = parse.GetValue(alignment),
                Policy = Find(s_policies, "--policy", parse.GetValue(policy)!),
                Order = Find(s_orders, "--order", parse.GetValue(order)!),
                Joining = parse.GetValue(coalesce) ? FreeListJoining.AtFree : FreeListJoining.Never,
            };
            return exercises.AreWanted(parse)
                ? exercises.Run(parse, parse.GetValue(seed), each => FreeListQuestions.Make(options, Operations(each)))
                : Write(options, FreeListExercise.Solve(options, Operations(parse.GetValue(seed))), new AllocOutput(parse.GetValue(json), null, false));

            IReadOnlyList<FreeListOperation> Operations(int each) => parse.GetValue(operations) is { } text
                ? FreeListOperation.Parse(text)
                : FreeListOperation.Random(
                    options,
                    InRange("--random", parse.GetValue(random), 1, 100_000),
                    InRange("--allocations", parse.GetValue(percent), 1, 100),
                    InRange("--largest", parse.GetValue(largest), 1, 1 << 30),
                    each);
        }));
        return command;
    }

    private static int Write(FreeListOptions options, IReadOnlyList<FreeListStep> steps, AllocOutput output)
    {
        if (output.WritesText)
        {
            foreach (var step in steps)
            {
                Console.Out.WriteLine($"{Question(step)} {Answer(step, options.Header)}");
                Console.Out.WriteLine($"   free list of {step.Free.Count}: {string.Join(" -> ", step.Free.Select(entry => Text($"[{entry.Address}: {entry.Size}]")))}");
            }
        }

        output.WriteJson(steps.Select(step => new
        {
            operation = step.Operation.IsFree ? "free" : "allocate", step.Pointer, size = step.Operation.IsFree ? (long?)null : step.Operation.Number, step.Address, step.Searched, free = step.Free,
        }).ToList());

        return 0;
    }

    private static string Question(FreeListStep step) => step.Operation.IsFree ? Text($"free p{step.Pointer}") : Text($"p{step.Pointer} = allocate {step.Operation.Number}");

    private static string Answer(FreeListStep step, long header) => (step.Operation.IsFree, step.Address) switch
    {
        (true, null) => "does nothing: it was not given",
        (true, { } address) => Text($"at {address}"),
        (false, null) => Text($"fails, {step.Searched} searched"),
        (false, { } address) when header > 0 => Text($"gives {address + header} behind the header at {address}, {step.Searched} searched"),
        (false, { } address) => Text($"gives {address}, {step.Searched} searched"),
    };

    private static T Find<T>((string Name, T Value)[] known, string option, string name) =>
        known.Any(entry => entry.Name == name) ? known.First(entry => entry.Name == name).Value : throw new UsageException($"{option} '{name}' is none of {Names(known)}");

    private static string Names<T>((string Name, T Value)[] known) => string.Join(", ", known.Select(entry => entry.Name));

    private static int InRange(string option, int value, int least, int most) =>
        value >= least && value <= most ? value : throw new UsageException(Text($"{option} {value} is not from {least} to {most}"));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
