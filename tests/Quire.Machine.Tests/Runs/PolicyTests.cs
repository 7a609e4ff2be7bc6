using System.Globalization;
using Quire.Machine.Tests.Programs;
using Quire.Replacement;

namespace Quire.Machine.Tests.Runs;

/// <summary>quire run --policy: every policy evicts without changing what programs print; one's own files are held to the contract.</summary>
public sealed class PolicyTests : IDisposable
{
    private const string Words = "my %h; $h{'k' . ($_ * 7919 % 6007)} = $_ for 1..6000; my $s = 0; $s += $h{$_} for sort keys %h; print $s";

    private static readonly bool All = Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is not null;

    private static readonly (string From, string To, string Message, string AlsoFrom, string AlsoTo)[] s_breaks =
    [
        ("return frame;", "return 1 << 29;", "failed in Evict: it gives up frame 536870912, which holds no page", "", ""),
        ("tries > 0", "true", "failed in Evict: it does not answer", "return frame;", "{ }"),
        ("_queue.AddLast(frame);\n", "throw new System.ArgumentException(\"no\");\n", "failed in Admit: ArgumentException: no", "", ""),
        ("=> _queue.Remove(frame);", "=> Remove(frame);", "failed in Remove: it calls itself without end", "", ""),
        ("return frame;", "return -1;", "failed in Evict: it gives nothing up", "", ""),
    ];

    private static readonly (string From, string To, string Message)[] s_faults =
    [
        ("_queue.RemoveFirst();", "_queue.RemoveFirst(3);", "Wrong.cs:23:20: error CS1501"),
        ("_queue.RemoveFirst();", "System.IO.File.Delete(\"x\");", "Wrong.cs:23:23: error: a policy may not use System.IO"),
        ("IReplacementPolicy, ", "", "error CS0315"),
        ("public struct", "struct", "it holds 0 public structs"),
    ];

    private readonly string _directory = Directory.CreateTempSubdirectory("quire-policy-").FullName;

    /// <summary>By reference bits, by every reference, with a history of what left, the kernel's own; every policy when QUIRE_TEST_ALL is set.</summary>
    public static TheoryData<string> Policies => !All
        ? ["second-chance", "lru", "arc", "two-list"]
        : [.. PolicyRegistry.All.Where(policy => policy.Source != InformationSource.Future).Select(policy => policy.Name), "two-list"];

    /// <summary>A wrong victim and an endless search; the others are of the contract that replay holds policies to as well.</summary>
    public static TheoryData<string, string, string, string, string> Breaks
    {
        get
        {
            var rows = new TheoryData<string, string, string, string, string>();
            foreach (var (from, to, message, alsoFrom, alsoTo) in All ? s_breaks : s_breaks[..2])
            {
                rows.Add(from, to, message, alsoFrom, alsoTo);
            }

            return rows;
        }
    }

    /// <summary>What the compiler refuses and what the rules do.</summary>
    public static TheoryData<string, string, string> Faults
    {
        get
        {
            var rows = new TheoryData<string, string, string>();
            foreach (var (from, to, message) in All ? s_faults : s_faults[..2])
            {
                rows.Add(from, to, message);
            }

            return rows;
        }
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Policies))]
    public void ProgramsPrintTheSameUnderEveryPolicy(string policy)
    {
        File.WriteAllLines(Path.Combine(_directory, "numbers"), Enumerable.Range(1, 20_000).Select(i => (i * 7919L % 1_000_003).ToString(CultureInfo.InvariantCulture)));
        foreach (var command in All ? (string[][])[["sort", "numbers"], ["perl", "-e", Words]] : [["sort", "numbers"]])
        {
            var expected = ProgramRun.Natively(_directory, command);
            var run = ProgramRun.OnQuire(_directory, command, "", "--ram", "5M", "--swap", "64M", "--policy", policy, "--seed", "1", "--audit");
            Assert.True(run == expected, $"{policy}: {run}");
        }
    }

    // The processes take turns otherwise than in the run before, so that many references are not where they were.
    [Fact]
    public void TheOptimumFollowsProcessesThatTakeOtherTurns()
    {
        File.WriteAllLines(Path.Combine(_directory, "numbers"), Enumerable.Range(1, 6_000).Select(i => i.ToString(CultureInfo.InvariantCulture)));
        string[] command = ["sh", "-c", "sort numbers | md5sum"];
        Assert.Equal(ProgramRun.Natively(_directory, command), ProgramRun.OnQuire(_directory, command, "", "--ram", "3M", "--policy", "opt", "--seed", "1"));
    }

    [Fact]
    public void TheExampleOfTheDocumentationRuns()
    {
        var file = Write("SecondChance.cs", Example());
        var run = Run(file);
        Assert.True(run is { ExitCode: 0, Output: "5000\n" }, $"{run}");
    }

    [Theory]
    [MemberData(nameof(Breaks))]
    public void APolicyThatBreaksItsContractIsStoppedWithItsNameAndTheCall(string from, string to, string message, string alsoFrom, string alsoTo)
    {
        var source = Example().Replace(from, to, StringComparison.Ordinal);
        source = alsoFrom.Length > 0 ? source.Replace(alsoFrom, alsoTo, StringComparison.Ordinal) : source;
        var run = Run(Write("Broken.cs", source));
        Assert.True(run.ExitCode == 125 && run.Errors.Contains("policy my-second-chance " + message, StringComparison.Ordinal), $"{run}");
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void AFileThatIsNoPolicyIsRefusedWithItsLine(string from, string to, string message)
    {
        var run = Run(Write("Wrong.cs", Example().Replace(from, to, StringComparison.Ordinal)));
        Assert.True(run.ExitCode == 2 && run.Errors.Contains(message, StringComparison.Ordinal), $"{run}");
    }

    private static string Example()
    {
        var text = File.ReadAllText(Path.Combine(ProgramRun.Root, "docs", "write-a-policy.md"));
        var start = text.IndexOf("```csharp\n", StringComparison.Ordinal) + "```csharp\n".Length;
        return text[start..text.IndexOf("```", start, StringComparison.Ordinal)];
    }

    private ProgramRun Run(string policy)
    {
        File.WriteAllLines(Path.Combine(_directory, "many"), Enumerable.Range(1, 40_000).Select(i => (i * 7919L % 5_000).ToString(CultureInfo.InvariantCulture)));
        return ProgramRun.OnQuire(_directory, ["sh", "-c", "sort -u many | wc -l"], "", "--ram", "4M", "--swap", "64M", "--policy", policy, "--seed", "1", "--audit");
    }

    private string Write(string name, string source)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, source);
        return path;
    }
}
