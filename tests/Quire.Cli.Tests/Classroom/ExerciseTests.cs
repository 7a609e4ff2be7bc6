using System.Globalization;
using System.Text.RegularExpressions;
using Quire.Allocation;
using Quire.Cli.Alloc;
using Quire.Cli.Classroom;
using Quire.Cli.Classroom.Exercises;
using Quire.Cli.Classroom.Translation;
using Quire.Compilation;

namespace Quire.Cli.Tests.Classroom;

/// <summary>Exercises: their answers against the definitions, wrong answers, sheets for a class.</summary>
public partial class ExerciseTests
{
    [Theory]
    [InlineData("fifo")]
    [InlineData("lru")]
    [InlineData("clock")]
    public void AnswersToReplacementAreThoseOfTheDefinitions(string policy)
    {
        for (var seed = 1; seed <= 100; seed++)
        {
            var (length, pages, frames) = (10 + (seed % 9), 3 + (seed % 5), 1 + (seed % 4));
            var text = ReplacementExercise.Random(length, pages, seed);

            var exercise = ReplacementExercise.Make(text, [(PolicyLibrary.Parse(policy), frames)]);

            var expected = TextbookReplacement.Run(policy, [.. text.Split(',').Select(int.Parse)], frames).Select(move => move switch { null => "h", -1 => "f", var page => $"{page}" });
            Assert.Equal(expected, exercise.Questions.Single().Answer);
        }
    }

    [Fact]
    public void OptimalAnswersHaveAsFewFaultsAsAnyReplacementCan()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var text = ReplacementExercise.Random(10, 5, seed);

            var exercise = ReplacementExercise.Make(text, [(PolicyLibrary.Parse("opt"), 3)]);

            Assert.Equal(FewestFaults([.. text.Split(',').Select(int.Parse)], 0, [], 3), exercise.Questions.Single().Answer.Count(answer => answer != "h"));
        }
    }

    [Theory]
    [InlineData("buddy", "buddy")]
    [InlineData("first-fit", "first")]
    [InlineData("best-fit", "best")]
    [InlineData("worst-fit", "worst")]
    public void AnswersToAllocationAreThoseOfTheDefinitions(string allocator, string rule)
    {
        var options = new AllocatorOptions { Memory = 1 << 20, Unit = 64 << 10 };
        for (var seed = 1; seed <= 50; seed++)
        {
            var steps = AllocationExercise.Random(options, 14, seed);

            var exercise = AllocationExercise.Make(steps, [AllocatorKinds.Find(allocator)!], options);

            var memory = new TextbookFits(16, rule);
            var expected = new List<string>();
            foreach (var step in HeapStep.Parse(steps))
            {
                if (step.Kind == HeapStepKind.Free)
                {
                    memory.Free(step.Name[0]);
                }
                else
                {
                    var place = memory.Allocate(step.Name[0], (int)((step.Size + options.Unit - 1) / options.Unit));
                    expected.Add(place < 0 ? "fails" : StepText.Exact((long)place * options.Unit));
                }
            }

            Assert.Equal(expected, exercise.Questions[0].Answer);
        }
    }

    [Fact]
    public void AWalkByTheListedEntriesOfTheSmallMachineGivesTheAnswers()
    {
        var faults = 0;
        for (var seed = 1; seed <= 100; seed++)
        {
            var exercise = TranslationExercise.OfSmall(seed, 4, []);

            var frames = exercise.Given.Select(line => FrameLine().Match(line)).Where(match => match.Success)
                .ToDictionary(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), match => Convert.FromHexString(match.Groups[2].Value.Replace(" ", "", StringComparison.Ordinal)));
            foreach (var question in exercise.Questions)
            {
                var address = Convert.ToInt32(question.Prompt[2..5], 16);
                var expected = new List<string> { $"{address / 512}" };
                var entry = frames[0][address / 512];
                if (entry >= 128)
                {
                    expected.Add($"{address / 32 % 16}");
                    entry = frames[entry - 128][address / 32 % 16];
                }

                expected.Add(entry >= 128 ? $"0x{((entry - 128) * 32) + (address % 32):x}" : "fault");
                faults += entry >= 128 ? 0 : 1;
                Assert.Equal(expected, question.Answer);
            }
        }

        Assert.InRange(faults, 20, 200);
    }

    [Fact]
    public void AWalkByTheListedEntriesOfX64GivesTheAnswers()
    {
        var faults = 0;
        for (var seed = 1; seed <= 60; seed++)
        {
            var exercise = TranslationExercise.OfX64(seed, 5, []);

            var entries = new Dictionary<(ulong Table, int Index), ulong>();
            var table = 0UL;
            foreach (var line in exercise.Given)
            {
                if (line.StartsWith("table at 0x", StringComparison.Ordinal))
                {
                    table = Convert.ToUInt64(line[11..], 16);
                }
                else if (EntryLine().Match(line) is { Success: true } match)
                {
                    entries[(table, int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))] = Convert.ToUInt64(match.Groups[2].Value, 16);
                }
            }

            var root = Convert.ToUInt64(RootText().Match(exercise.Given[0]).Groups[1].Value, 16);
            foreach (var question in exercise.Questions)
            {
                var expected = ByHand(entries, root, Convert.ToUInt64(question.Prompt.Split("0x")[1], 16), question.Prompt.StartsWith("write", StringComparison.Ordinal));
                faults += expected[^1] == "fault" ? 1 : 0;
                Assert.Equal(expected, question.Answer);
            }
        }

        Assert.InRange(faults, 20, 200);
    }

    [Fact]
    public void AQuizTakesRightAnswersAndTellsWhereAWrongOnePartsFirst()
    {
        var exercise = ReplacementExercise.Make("1,2,3,1,4", [(PolicyLibrary.Parse("fifo"), 3), (PolicyLibrary.Parse("lru"), 3)]);
        using var output = new StringWriter();
        using var input = new StringReader("f f f h 1\nf f f h 1\n");
        var quiz = new Quiz(input, output, AnswersFrom.File);

        foreach (var question in exercise.Questions)
        {
            quiz.Ask(question);
        }

        Assert.Equal(1, quiz.Finish());
        Assert.Equal(1, quiz.Right);
        var said = Regex.Replace(output.ToString(), @"\s+", " ");
        Assert.Contains("step 5: you have 1, it is 2: page 4, with 1 2 3 in memory", said, StringComparison.Ordinal);
    }

    [Fact]
    public void AClassGetsThirtyDifferentSheetsAndOneKeyBehindThem()
    {
        string[] command = ["string", "--random", "12", "--pages", "5", "--seed", "7", "-p", "fifo", "-f", "3", "--class", "30"];
        var sheets = Started.Quire(command);
        var hidden = Started.Quire([.. command, "--hide"]);

        Assert.Equal(30, sheets.Output.Split('\n').Where(line => line.StartsWith("references  ", StringComparison.Ordinal)).Distinct().Count());
        var key = sheets.Output[sheets.Output.IndexOf("Answers", StringComparison.Ordinal)..];
        Assert.Equal(Enumerable.Range(7, 30).Select(seed => $"sheet {seed}, 1."), key.Split('\n').Where(line => line.StartsWith("sheet", StringComparison.Ordinal)).Select(line => line[..line.IndexOf('.')] + "."));
        Assert.DoesNotContain("Answers", hidden.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void SheetsOnAPageHaveTheirKeyLast()
    {
        var page = SheetPage.Write([.. Enumerable.Range(1, 3).Select(seed => (seed, TranslationExercise.OfSmall(seed, 2, [])))], Answers.Shown);

        Assert.Equal(4, Regex.Count(page, "<section>"));
        Assert.True(page.LastIndexOf("<section>", StringComparison.Ordinal) < page.IndexOf("<h1>Answers</h1>", StringComparison.Ordinal));
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("give a reference string", "string")]
    [InlineData("not both", "string", "1,2", "--random", "4")]
    [InlineData("--pages 0", "string", "--random", "4", "--pages", "0")]
    [InlineData("no fixed number", "string", "1,2", "-p", "working-set", "--quiz")]
    [InlineData("--quiz asks one", "string", "1,2", "--quiz", "--class", "3")]
    [InlineData("--class 0", "translate", "--class", "0")]
    [InlineData("--machine 'z80'", "translate", "--machine", "z80")]
    [InlineData("not an address below 0x1000", "translate", "0x1000")]
    [InlineData("not an address below 0x800000000000", "translate", "--machine", "x86-64", "0x800000000000")]
    [InlineData("--random 0", "alloc", "--quiz", "--random", "0")]
    [InlineData("--browse needs a terminal", "string", "1,2", "--browse")]
    [InlineData("--browse shows --steps", "alloc", "--browse")]
    public void BadUseIsOneLineAndExitCodeTwo(string hint, params string[] arguments)
    {
        var run = Started.Quire(arguments);

        Assert.True(run.ExitCode == 2 && run.Output.Length == 0 && run.Errors.Contains(hint, StringComparison.Ordinal), $"{run}");
        Assert.Single(run.Errors.TrimEnd('\n').Split('\n'));
    }

    // Every choice of victim at every fault is tried.
    private static int FewestFaults(int[] references, int now, List<int> resident, int frames)
    {
        while (now < references.Length && resident.Contains(references[now]))
        {
            now++;
        }

        if (now == references.Length)
        {
            return 0;
        }

        var choices = resident.Count < frames ? [[.. resident]] : resident.Select(victim => resident.Where(page => page != victim).ToList());
        return 1 + choices.Min(kept => FewestFaults(references, now + 1, [.. kept, references[now]], frames));
    }

    private static List<string> ByHand(Dictionary<(ulong Table, int Index), ulong> entries, ulong table, ulong address, bool writes)
    {
        var answer = new List<string>();
        var mayWrite = true;
        foreach (var shift in new[] { 39, 30, 21, 12 })
        {
            var index = (int)((address >> shift) % 512);
            answer.Add($"{index}");
            var entry = entries.GetValueOrDefault((table, index));
            if ((entry & 1) == 0)
            {
                return [.. answer, "fault"];
            }

            mayWrite &= (entry & 2) != 0;
            table = entry & 0x000F_FFFF_FFFF_F000;
        }

        return [.. answer, writes && !mayWrite ? "fault" : $"0x{table + (address % 4096):x}"];
    }

    [GeneratedRegex(@"^frame +(\d+): ([0-9a-f ]+)$")]
    private static partial Regex FrameLine();

    [GeneratedRegex(@"^  \[ *(\d+)\] 0x([0-9a-f]{16})")]
    private static partial Regex EntryLine();

    [GeneratedRegex("CR3 = 0x([0-9a-f]+)")]
    private static partial Regex RootText();
}
