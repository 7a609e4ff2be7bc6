using System.CommandLine;
using System.Text.Json;
using Quire.Allocation;
using Quire.Cli.Classroom.Exercises;
using Quire.Cli.Replay;
using Quire.Primitives;

namespace Quire.Cli.Alloc;

/// <summary>quire alloc: workloads on allocators as a table, or steps one by one with their reasons.</summary>
public static class AllocCommand
{
    private const int MostSteps = 1000;
    private const int ExerciseUnit = 64 << 10;
    private const string StepsPolicy = "buddy";

    public static Command Create()
    {
        var workload = new Argument<string?>("workload") { Description = "recorded heap calls: .rep, mtrace, heaptrack raw, CSV, Quire recording; .gz", Arity = ArgumentArity.ZeroOrOne };
        var policy = new Option<string>("--policy", "-p") { Description = "allocators, with commas between, or all; unless it is given, steps and exercises are those of buddy: " + string.Join(", ", AllocatorKinds.All.Select(kind => kind.Name)), DefaultValueFactory = _ => "all" };
        var memory = new Option<string>("--memory", "-m") { Description = "memory to allocate from", DefaultValueFactory = _ => "1M" };
        var units = new Option<string>("--units", "-u") { Description = "smallest block of allocators that work in units: a power of two", DefaultValueFactory = _ => "16" };
        var partitions = new Option<string?>("--partitions") { Description = "sizes of fixed partitions: 8K,8K,16K" };
        var safety = new Option<SafetyLevel>("--safety") { Description = "release, checked or guarded" };
        var steps = new Option<string?>("--steps", "-s") { Description = "\"a=34K b=66K -a b~80K\": allocate, free, reallocate, each explained; with --policy movable also +a (pin), *a (unpin), ! (compact)" };
        var synthetic = new Option<string?>("--synthetic") { Description = "a workload made up: PATTERN[,sizes=..][,lives=..][,count=..][,live=..][,min=..][,max=..][,seed=..]; patterns " + string.Join(", ", SyntheticWorkloads.All.Select(pattern => pattern.Name)) };
        var json = new Option<string?>("--json") { Description = "file for the results as JSON, - for standard output" };
        var draw = new Option<bool>("--draw") { Description = "draw the memory over time and the fragmentation" };
        var html = new Option<string?>("--html") { Description = "file for the drawings as one self-contained page" };
        var random = new Option<int>("--random") { Description = $"so many random steps for an exercise, up to {MostSteps}", DefaultValueFactory = _ => 10 };
        var browse = new Option<bool>("--browse") { Description = "steps back and forth with the arrow keys" };
        var exercises = new ExerciseOptions();
        var command = new Command("alloc", "Play heap calls on allocators: fits, buddy, slabs, malloc and others.")
        {
            workload, policy, memory, units, partitions, safety, steps, synthetic, json, draw, html, random, browse, AllocRecordCommand.Create(), AllocListCommand.Create(),
        };
        exercises.AddTo(command);
        command.Guard((parse, cancellation) => Guarded(() =>
        {
            var output = new AllocOutput(parse.GetValue(json), parse.GetValue(html), parse.GetValue(draw));
            var options = new AllocatorOptions
            {
                Memory = (nint)Size("--memory", parse.GetValue(memory)!, 1UL << 40),
                Unit = Unit(parse.GetValue(units)!),
                Partitions = Partitions(parse.GetValue(partitions)),
                Safety = parse.GetValue(safety),
            };
            if (options.Unit > options.Memory)
            {
                throw new UsageException($"--units {options.Unit} is more than --memory {options.Memory}");
            }

            if (parse.GetValue(policy) == "movable" && parse.GetValue(steps) is { } moves)
            {
                return AllocSteps.RunMovable(options, moves, output);
            }

            if (exercises.AreWanted(parse))
            {
                return Exercise(exercises, parse, parse.GetResult(units) is { Implicit: false } ? options : options with { Unit = ExerciseUnit }, parse.GetValue(steps), parse.GetValue(random), PolicyOf(StepsPolicy));
            }

            if (parse.GetValue(browse))
            {
                return AllocSteps.Browse(Kinds(PolicyOf(StepsPolicy))[0], options, parse.GetValue(steps) ?? throw new UsageException("--browse shows --steps"));
            }

            // All of them is a table for a workload, and a book for steps.
            var kinds = Kinds(PolicyOf(parse.GetValue(steps) is null ? "all" : StepsPolicy));
            return (parse.GetValue(workload), parse.GetValue(steps), parse.GetValue(synthetic)) switch
            {
                (null, { } text, null) => AllocSteps.Run(kinds, options, text, output),
                ({ } path, null, null) => AllocReplay.Run(kinds, options, path, output, cancellation),
                (null, null, { } text) => AllocReplay.RunSynthetic(kinds, options, SyntheticOptions.Parse(text), output, cancellation),
                _ => throw new UsageException("give one of a workload file, --steps and --synthetic"),
            };

            string PolicyOf(string unlessSaid) => parse.GetResult(policy) is { Implicit: false } ? parse.GetValue(policy)! : unlessSaid;
        }));
        return command;
    }

    private static int Exercise(ExerciseOptions exercises, ParseResult parse, AllocatorOptions options, string? steps, int random, string policy)
    {
        if (random is < 1 or > MostSteps)
        {
            throw new UsageException($"--random {random} is not from 1 to {MostSteps}");
        }

        if (options.Unit > options.Memory)
        {
            throw new UsageException($"--units {options.Unit} is more than --memory {options.Memory}");
        }

        var kinds = Kinds(policy);
        return exercises.Run(parse, exercises.Seed(parse), seed => AllocationExercise.Make(steps ?? AllocationExercise.Random(options, random, seed), kinds, options));
    }

    /// <summary>Turns what the library throws at bad input into the exit codes of the other commands.</summary>
    internal static int Guarded(Func<int> action)
    {
        try
        {
            return action();
        }
        catch (WorkloadFormatException error)
        {
            Console.Error.WriteLine("quire: " + error.Message);
            return CommandGuard.BadTrace;
        }
        catch (FormatException error)
        {
            throw new UsageException(error.Message);
        }
        catch (ArgumentException error)
        {
            throw new UsageException(error.Message);
        }
        catch (OverflowException)
        {
            throw new UsageException("--memory holds more --units than can be counted: take larger units");
        }
    }

    private static List<AllocatorKind> Kinds(string text) => text == "all"
        ? [.. AllocatorKinds.All]
        : [.. text.Split(',', StringSplitOptions.TrimEntries).Select(name => AllocatorKinds.Find(name)
            ?? throw new UsageException($"there is no allocator '{name}': {string.Join(", ", AllocatorKinds.All.Select(kind => kind.Name))}"))];

    private static ulong Size(string option, string text, ulong most) => ByteSize.TryParse(text, out var size) && size.Bytes > 0 && size.Bytes <= most
        ? size.Bytes
        : throw new UsageException($"{option} '{text}' is not a size from 1 to {new ByteSize(most)}");

    private static int Unit(string text)
    {
        var size = Size("--units", text, 1 << 30);
        return ulong.IsPow2(size) ? (int)size : throw new UsageException($"--units '{text}' is not a power of two");
    }

    private static List<uint> Partitions(string? text) => text is null
        ? []
        : [.. text.Split(',', StringSplitOptions.TrimEntries).Select(size => (uint)Size("--partitions", size, uint.MaxValue))];
}
