using System.CommandLine;
using Quire.Cli.Classroom;
using Quire.Cli.Classroom.Exercises;
using Quire.Compilation;
using Quire.Replacement;
using Quire.Traces;

namespace Quire.Cli.Replay;

/// <summary>quire string: a reference string from the command line, as the tables of textbooks show it.</summary>
public static class StringCommand
{
    private const int MostReferences = 10_000;
    private const int MostPages = 1000;

    public static Command Create()
    {
        var text = new Argument<string?>("references") { Description = "pages with commas or blanks between; a w behind a page makes it a write: 1,2w,3,1", Arity = ArgumentArity.ZeroOrOne };
        var random = new Option<int>("--random") { Description = $"so many random references instead, up to {MostReferences}" };
        var pages = new Option<int>("--pages") { Description = "to so many pages", DefaultValueFactory = _ => 5 };
        var browse = new Option<bool>("--browse") { Description = "steps back and forth with the arrow keys" };
        var exercises = new ExerciseOptions();
        var policy = new Option<string>("--policy", "-p") { Description = "policies with parameters, or all", DefaultValueFactory = _ => "fifo,lru,clock,opt" };
        var frames = new Option<string>("--frames", "-f") { Description = "numbers of frames", DefaultValueFactory = _ => "3" };
        var steps = new Option<bool>("--steps", "-s") { Description = "one row a reference: frames, fault, victim and why" };
        var jsonOption = new Option<string?>("--json") { Description = "one JSON object a row, to FILE or - for standard output instead of the table" };
        var command = new Command("string", "Show a reference string under replacement policies, step by step.") { text, random, pages, policy, frames, steps, browse, jsonOption };
        exercises.AddTo(command);
        command.Guard((parse, _) =>
        {
            var drawn = ReadRandom(parse.GetValue(text), parse.GetValue(random), parse.GetValue(pages));
            var seed = exercises.Seed(parse);
            var references = Parse(TextOf(seed));
            var policies = PolicyLibrary.ParseList(parse.GetValue(policy)!);
            var counts = TraceOptions.ParseSizes(parse.GetValue(frames)!);
            if (exercises.AreWanted(parse))
            {
                var cases = policies.SelectMany(specification => FramesOf(specification).Select(count => (specification, TablesFor(count, references)))).ToList();
                return exercises.Run(parse, seed, each => ReplacementExercise.Make(TextOf(each), cases));
            }

            if (parse.GetValue(browse))
            {
                Browse(references, policies[0], TablesFor(FramesOf(policies[0]).First(), references));
                return 0;
            }

            var json = TraceOptions.OpenOutput(parse.GetValue(jsonOption));
            if (parse.GetValue(steps))
            {
                foreach (var specification in policies)
                {
                    foreach (var count in FramesOf(specification))
                    {
                        WriteSteps(references, specification, count, json);
                    }
                }
            }
            else
            {
                WriteSummary(references, policies, FramesOf, json);
            }

            TraceOptions.CloseOutput(json);
            return 0;

            string TextOf(int each) => drawn is { } size ? ReplacementExercise.Random(size.Length, size.Pages, each) : parse.GetValue(text)!;

            // A policy with a window takes as many frames as its window wants, unless the user limits it.
            IEnumerable<int> FramesOf(PolicySpecification specification) =>
                specification.Descriptor.IsVariableSpace && parse.GetResult(frames) is not { Implicit: false }
                    ? [references.Pages]
                    : counts.Select(count => (int)count.Of(references.Pages));
        });
        return command;
    }

    /// <summary>How many random references to how many pages; null: the string is given.</summary>
    private static (int Length, int Pages)? ReadRandom(string? text, int length, int pages) => (text, length) switch
    {
        (not null, 0) => null,
        (not null, _) => throw new UsageException("give a reference string or --random, not both"),
        (null, < 1 or > MostReferences) => throw new UsageException($"give a reference string, or --random with a number from 1 to {MostReferences}"),
        _ when pages is < 1 or > MostPages => throw new UsageException($"--pages {pages} is not from 1 to {MostPages}"),
        _ => (length, pages),
    };

    private static ReferenceString Parse(string text)
    {
        try
        {
            return ReferenceString.Parse(text);
        }
        catch (TraceFormatException exception)
        {
            throw new UsageException(exception.Message);
        }
    }

    private static void WriteSummary(ReferenceString references, IReadOnlyList<PolicySpecification> policies, Func<PolicySpecification, IEnumerable<int>> framesOf, TextWriter? json)
    {
        var table = new TextTable("policy", "frames", "faults", "hits", "dirty writes");
        foreach (var specification in policies)
        {
            foreach (var count in framesOf(specification))
            {
                var replay = new SteppedReplay(specification, TablesFor(count, references), references.NameOf);
                foreach (var _ in references.Replay(replay))
                {
                }

                table.Add(specification.Text, count, replay.Misses, references.Length - replay.Misses, replay.DirtyWrites);
                json?.WriteLine(TraceOptions.JsonRow(
                    ("policy", specification.Text), ("frames", count), ("references", references.Length), ("misses", replay.Misses), ("dirtyWrites", replay.DirtyWrites)));
            }
        }

        if (json != Console.Out)
        {
            Console.WriteLine($"{references.Length} references to {references.Pages} pages");
            table.Write(Console.Out);
        }
    }

    // More frames than pages change nothing that can be seen, and a table of all of them could be huge.
    private static int TablesFor(int frames, ReferenceString references) => frames > 1 << 16 ? Math.Max(1 << 16, references.Pages) : frames;

    private static void WriteSteps(ReferenceString references, PolicySpecification specification, int frames, TextWriter? json)
    {
        var replay = new SteppedReplay(specification, TablesFor(frames, references), references.NameOf);
        var table = Table(references, specification, frames, replay, json);
        if (json != Console.Out)
        {
            Console.WriteLine($"{specification.Text}, {frames} frame{(frames == 1 ? "" : "s")}");
            table.Write(Console.Out);
            Console.WriteLine($"{replay.Misses} faults in {references.Length} references");
            Console.WriteLine();
        }
    }

    /// <summary>Each step with all rows up to its own.</summary>
    private static void Browse(ReferenceString references, PolicySpecification specification, int frames)
    {
        var replay = new SteppedReplay(specification, frames, references.NameOf);
        using var text = new StringWriter();
        Table(references, specification, frames, replay, null).Write(text);
        var lines = text.ToString().ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        Browser.Show(
            [$"{specification.Text}, {frames} frame{(frames == 1 ? "" : "s")}: {string.Join(' ', Enumerable.Range(1, references.Length).Select(number => references.TextOf(number)))}", "", lines[0]],
            [.. Enumerable.Range(1, references.Length).Select(step => lines[1..(step + 1)])]);
    }

    private static TextTable Table(ReferenceString references, PolicySpecification specification, int frames, SteppedReplay replay, TextWriter? json)
    {
        // Wide memories show their policy's lists only; a column a frame would not fit a line.
        var shown = Math.Min(frames, Math.Min(references.Pages, 16));
        var table = new TextTable(["#", "page", .. Enumerable.Range(0, shown).Select(frame => $"f{frame}"), "", "out", "why", "state"]);
        foreach (var step in references.Replay(replay))
        {
            var cells = Enumerable.Range(0, replay.Frames).Select(frame => replay.PageIn(frame) is >= 0 and var page ? references.NameOf(page) : "-").ToArray();
            var outgoing = string.Join(' ', step.Released.Concat(step.Victim >= 0 ? [step.Victim] : []).Select(references.NameOf));
            var why = step.Released.Count == 0 ? step.Reason : $"{step.Reason}{(step.Reason is null ? "" : "; ")}{specification.Descriptor.Description.Title}";
            table.Add([step.Number, references.TextOf(step.Number), .. cells[..shown], step.IsFault ? "fault" : "hit", outgoing, why, replay.State]);
            json?.WriteLine(TraceOptions.JsonRow(
                ("policy", specification.Text), ("frames", frames), ("reference", step.Number), ("page", references.NameOf(step.Page)), ("fault", step.IsFault),
                ("frame", step.Frame), ("victim", step.Victim >= 0 ? references.NameOf(step.Victim) : null), ("released", step.Released.Select(references.NameOf)), ("reason", why), ("resident", cells), ("state", replay.State)));
        }

        return table;
    }
}
