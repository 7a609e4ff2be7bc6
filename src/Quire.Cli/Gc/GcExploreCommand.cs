using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Quire.Cli.Replay;
using Quire.Collection.Exploring;

namespace Quire.Cli.Gc;

/// <summary>quire gc explore: every interleaving of mutator and marker on a small heap, counted, with a schedule that loses an object where there is one.</summary>
public static class GcExploreCommand
{
    private static readonly (string Name, TricolourState State)[] s_starts = [("linked", TricolourState.Linked), ("growing", TricolourState.Growing)];

    public static Command Create()
    {
        var barrier = new Option<string>("--barrier") { Description = "rules, with commas between, or all: " + string.Join(", ", MarkingRule.All.Select(rule => rule.Name)), DefaultValueFactory = _ => "all" };
        var operations = new Option<int>("--operations") { Description = $"the mutator does at most so many, 0 to {Exploration.MostOperations}", DefaultValueFactory = _ => 6 };
        var start = new Option<string>("--start") { Description = "linked: r0=a, r1=b, b refers to c; growing: r0=a, a refers to b, c is still to be allocated", DefaultValueFactory = _ => "linked" };
        var schedule = new Option<string?>("--schedule") { Description = "play one schedule, steps with ; between, as a loss is printed" };
        var json = new Option<string?>("--json") { Description = "file for the counts as JSON, - for standard output" };
        var command = new Command("explore", "Every interleaving of a mutator and a marker on a heap of three objects: which barrier loses an object, and how.")
        {
            barrier, operations, start, schedule, json,
        };
        command.Guard((parse, cancellation) =>
        {
            var rules = Rules(parse.GetValue(barrier)!);
            var most = parse.GetValue(operations);
            if (most is < 0 or > Exploration.MostOperations)
            {
                throw new UsageException($"--operations {most} is not from 0 to {Exploration.MostOperations}");
            }

            var state = s_starts.Any(entry => entry.Name == parse.GetValue(start))
                ? s_starts.First(entry => entry.Name == parse.GetValue(start)).State
                : throw new UsageException($"--start '{parse.GetValue(start)}' is none of {string.Join(", ", s_starts.Select(entry => entry.Name))}");
            return parse.GetValue(schedule) is { } text
                ? Play(rules, state, text)
                : Count(rules, state, most, new GcOutput(parse.GetValue(json)), cancellation);
        });
        return command;
    }

    private static int Count(IReadOnlyList<MarkingRule> rules, TricolourState start, int operations, GcOutput output, CancellationToken cancellation)
    {
        var rows = new List<object>();
        var table = new TextTable(["barrier", "mutator", "roots taken", "new", "schedules", "losing", "floating", "states", "M schedules/s"]);
        var losses = new List<(MarkingRule Rule, IReadOnlyList<ScheduleStep> Steps)>();
        foreach (var rule in rules.TakeWhile(_ => !cancellation.IsCancellationRequested))
        {
            var exploration = new Exploration(rule, start);
            var began = Stopwatch.GetTimestamp();
            var counts = exploration.Count(operations);
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            var loss = counts.Losing > 0 ? exploration.FindLoss(operations) : null;
            if (loss is not null)
            {
                losses.Add((rule, loss));
            }

            table.Add([
                rule.Name, rule.MutatorColour, rule.Roots, rule.NewColour.ToString().ToLowerInvariant(), Text($"{counts.Schedules}"), Text($"{counts.Losing}"), Text($"{counts.Floating}"),
                Text($"{exploration.States}"), Text($"{(double)counts.Schedules / seconds / 1e6:0}")]);
            rows.Add(new
            {
                barrier = rule.Name, mutator = rule.MutatorColour, roots = rule.Roots, newObjects = rule.NewColour, operations, schedules = Text($"{counts.Schedules}"), losing = Text($"{counts.Losing}"),
                floating = Text($"{counts.Floating}"), floatingObjects = Text($"{counts.FloatingObjects}"), states = exploration.States, loss = loss?.Select(step => step.ToString()).ToList(),
            });
        }

        if (output.WritesText)
        {
            table.Write(Console.Out);
            Console.Out.WriteLine("one step each: a load or store with its barrier, an allocation, the scan of an object, the taking of a root, the end with roots taken again");
            foreach (var (rule, steps) in losses)
            {
                Console.Out.WriteLine();
                Console.Out.WriteLine($"{rule.Name} loses an object: --barrier {rule.Name} --schedule \"{string.Join("; ", steps)}\"");
                Print(rule, start, [.. steps.Select(step => step.ToString())]);
            }
        }

        output.WriteJson(rows);
        return cancellation.IsCancellationRequested ? CommandGuard.Interrupted : 0;
    }

    private static int Play(IReadOnlyList<MarkingRule> rules, TricolourState start, string text)
    {
        var steps = text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (var rule in rules)
        {
            Console.Out.WriteLine($"{rule.Name}: {rule.Source}");
            Print(rule, start, steps);
        }

        return 0;
    }

    private static void Print(MarkingRule rule, TricolourState start, IReadOnlyList<string> steps)
    {
        var exploration = new Exploration(rule, start);
        Console.Out.WriteLine($"    {"",-12} {start}");
        for (var i = 0; i < steps.Count; i++)
        {
            var states = exploration.Replay([.. steps.Take(i + 1)], out var impossible);
            if (states is null)
            {
                throw new UsageException($"step {i + 1}, \"{impossible}\", is not possible under {rule.Name} there: {string.Join("; ", exploration.Steps(exploration.Replay([.. steps.Take(i)], out _)![^1], 1))} are");
            }

            var lost = steps[i] == "finish" ? Exploration.Lost(states[^1]) : 0;
            var names = Enumerable.Range(1, TricolourState.Objects).Where(number => (lost & (1 << number)) != 0).Select(TricolourState.Name).ToList();
            Console.Out.WriteLine($"    {steps[i],-12} {states[^1]}{(names.Count > 0 ? $"   <- {string.Join(", ", names)} in use, and white: freed" : "")}");
        }
    }

    private static List<MarkingRule> Rules(string text) => text == "all"
        ? [.. MarkingRule.All]
        : [.. text.Split(',', StringSplitOptions.TrimEntries).Select(name => MarkingRule.Find(name)
            ?? throw new UsageException($"there is no barrier '{name}': {string.Join(", ", MarkingRule.All.Select(rule => rule.Name))}"))];

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
