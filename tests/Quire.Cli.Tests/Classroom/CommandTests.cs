using System.Text.Json;
using System.Text.RegularExpressions;
using Quire.Cli.Classroom.Lessons;
using Quire.Cli.Classroom.Words;

namespace Quire.Cli.Tests.Classroom;

/// <summary>quire costs, examples, explain-word.</summary>
public class CommandTests
{
    [Fact]
    public void TimesOfARunAreItsCountsTimesTheCosts()
    {
        var costs = Started.Quire("costs", "--json", "-").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(row => row.GetProperty("what").GetString()!, row => row.GetProperty("nanoseconds").GetDouble() / 1e9);
        var path = Path.GetTempFileName();
        var run = Started.Quire("run", "--quiet", "--seed", "1", "--json", path, "--", "/bin/sh", "-c", "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done");
        var report = JsonDocument.Parse(File.ReadAllText(path)).RootElement;
        File.Delete(path);

        Assert.True(run.ExitCode == 0, $"{run}");
        var user = (report.GetProperty("instructions").GetInt64() * costs["instruction"]) + (report.GetProperty("tlb").GetProperty("walkReferences").GetInt64() * costs["page-walk reference"]);
        var faults = report.GetProperty("faults");
        var system = ((faults.GetProperty("minor").GetInt64() + faults.GetProperty("major").GetInt64()) * costs["page fault"]) + (report.GetProperty("systemCalls").GetInt64() * costs["system call"]);
        Assert.InRange(report.GetProperty("userSeconds").GetDouble() / user, 0.97, 1.03);
        Assert.InRange(report.GetProperty("systemSeconds").GetDouble() / system, 0.9, 1.03);
    }

    [Fact]
    public void EveryLineOfASummaryHasItsWordInTheGlossary()
    {
        var source = File.ReadAllText(Path.Combine(Started.Root, "src", "Quire.Observation", "Runs", "RunSummary.cs"));
        var labels = Regex.Matches(source, "Line\\(text, \"([a-zA-Z -]+)\"").Select(match => match.Groups[1].Value).Where(label => label != "--- quire").Distinct().ToList();

        Assert.True(labels.Count > 10);
        Assert.All(labels, label => Assert.True(Glossary.Own.Find(label) is { Meaning.Length: > 20 }, label));
    }

    [Fact]
    public void AWordThatIsNotThereIsToldItsNeighbours()
    {
        var known = Started.Quire("explain-word", "Walks");
        var unknown = Started.Quire("explain-word", "translation");

        Assert.StartsWith("walks, page walk", known.Output, StringComparison.Ordinal);
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("TLB", unknown.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void ExamplesAreTheCommandsOfTheLessonsAndTheirPrograms()
    {
        var directory = Directory.CreateTempSubdirectory("quire-examples-").FullName;
        var copied = Started.Quire("examples", "--copy", directory);

        Assert.True(copied.ExitCode == 0, $"{copied}");
        Assert.All(LessonLibrary.All.SelectMany(lesson => Regex.Matches(string.Join('\n', lesson.Commands.Select(command => command.Command)), @"examples/\S+")), match => Assert.True(File.Exists(Path.Combine(directory, match.Value)), match.Value));
        Directory.Delete(directory, recursive: true);
    }
}
