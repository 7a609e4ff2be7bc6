using Quire.Cli.Classroom;
using Quire.Cli.Classroom.Lessons;

namespace Quire.Cli.Tests.Classroom;

/// <summary>The lessons: what they show is what their commands write, what they teach is what an independent computation gives.</summary>
public class LessonTests
{
    public static TheoryData<string> Names => [.. LessonLibrary.All.Select(lesson => lesson.Name)];

    /// <summary>Each run is several starts of Quire: a few every day, of each kind of engine.</summary>
    public static TheoryData<string> Tried => Started.All ? Names : ["translation", "belady", "copy-on-write"];

    [Theory]
    [MemberData(nameof(Names))]
    public void AnswersAreThoseOfAnIndependentComputation(string name)
    {
        var lesson = LessonLibrary.Find(name);

        var computed = LessonAnswers.All[name]();

        Assert.Equal(computed, lesson.Questions.Select(question => string.Join(' ', question.Answer)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EachHasCommandsQuestionsAndReasons(string name)
    {
        var lesson = LessonLibrary.Find(name);

        Assert.NotEmpty(lesson.Commands);
        Assert.NotEmpty(lesson.Next);
        Assert.All(lesson.Questions, question => Assert.NotEqual("", question.Why(0)));
        Assert.All(lesson.Commands.SelectMany(command => command.Shown), line => Assert.True(line.Length <= 130, line));
    }

    [Theory]
    [MemberData(nameof(Tried))]
    public void CommandsWriteWhatIsShown(string name)
    {
        var run = Started.Quire("lesson", name, "--check");

        Assert.True(run.ExitCode == 0, $"{run}");
    }

    [Fact]
    public void APrintedLessonHasTheOutputOfItsCommandsAndAnswersOnlyWhenAsked()
    {
        var sheet = Started.Quire("lesson", "belady");
        var key = Started.Quire("lesson", "belady", "--answers");

        Assert.Contains("10 faults in 12 references", sheet.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("10 11 11 9", sheet.Output, StringComparison.Ordinal);
        Assert.Contains("10 11 11 9", key.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void AWrongAnswerIsToldWhereItPartsFirst()
    {
        var run = Started.QuireReading("1 2 3 5\n8\n5,5\n10 11 11 9\nYES\n", "lesson", "belady", "--quiz");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("step 4: you have 5, it is 4", run.Output, StringComparison.Ordinal);
        Assert.EndsWith("4 of 5 right\n", run.Output);
    }

    [Fact]
    public void LinesOfOutputAreComparedWithTheirNumbersAndOthersWithout()
    {
        var written = new CommandOutput(0, ["9 faults", "10 faults"], ["walks 7"]);

        Assert.Null(LessonComparison.Missing(["9 faults", "...", "walks 12"], written));
        Assert.Equal("8 faults", LessonComparison.Missing(["8 faults"], written));
        Assert.Equal("9 faults", LessonComparison.Missing(["10 faults", "9 faults"], written));
    }

    [Theory]
    [InlineData("4096", "4K", true)]
    [InlineData("4096", "0x1000", true)]
    [InlineData("yes", "Yes", true)]
    [InlineData("25%", "25", true)]
    [InlineData("4096", "4095", false)]
    [InlineData("fault", "hit", false)]
    [InlineData("1 2", "1", false)]
    [InlineData("1 2", "1 2 3", false)]
    [InlineData("1", " ", false)]
    public void AnAnswerCountsByItsValues(string right, string given, bool isRight)
    {
        var question = new Question("?", AnswerCheck.Values(right), _ => "");

        Assert.Equal(isRight, AnswerCheck.Mistake(question, given) is null);
    }

    [Theory]
    [InlineData("no-such")]
    [InlineData("0")]
    public void AnUnknownLessonIsOneLineAndExitCodeTwo(string name)
    {
        var run = Started.Quire("lesson", name);

        Assert.True(run.ExitCode == 2 && run.Errors.StartsWith("quire: there is no lesson", StringComparison.Ordinal), $"{run}");
        Assert.Single(run.Errors.TrimEnd('\n').Split('\n'));
    }
}
