using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.Json;
using Quire.Collection;
using Quire.Compilation;
using Quire.Tests;
using Xunit;

namespace Quire.Traces.Tests;

/// <summary>quire gc as a user calls it: what it prints and writes, and one line with exit code 2 for what is wrong.</summary>
[SupportedOSPlatform("linux")]
public sealed class GcCommands : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("quire-gc").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void StepsSayWhoWasCopiedAndFreedAndWhy()
    {
        var (code, output, error) = Run("gc", "--plan", "semispace", "--steps", "a=[b c] b=[d] root a -b gc");
        Assert.Equal((0, ""), (code, error));
        Assert.Matches(@"a copied from \+[0-9a-f]+ to \+[0-9a-f]+, grey", output);
        Assert.Contains("b freed: unreachable since step 4; it was reached by root a, a.0\n", output);
        Assert.Contains("1 pause, 2 objects found, 40 bytes copied, 0 promoted; 2 objects freed, 2 in the heap, 0 of them unreachable", output);
    }

    [Fact]
    public void StepsAsJsonHaveEventsAndTheHeapAfterEach()
    {
        var (code, output, _) = Run("gc", "--plan", "mark-compact,cycle-counting", "--steps", "a=[b] root a -a gc", "--json", "-");
        Assert.Equal(0, code);
        var plans = JsonDocument.Parse(output).RootElement.EnumerateArray().ToList();
        Assert.Equal(["mark-compact", "cycle-counting"], plans.Select(plan => plan.GetProperty("plan").GetString()));
        Assert.All(plans, plan => Assert.Equal(2, plan.GetProperty("steps").EnumerateArray().SelectMany(step => step.GetProperty("events").EnumerateArray()).Count(what => what.GetProperty("kind").GetString() == "freed")));
    }

    [Fact]
    public void AProgramOfOnesOwnRunsUnderThePlansAndItsPausesAreLogged()
    {
        Program("Chain", "return heap.ReadNumber(frame[0], 1);");
        var (code, output, error) = Run("gc", "Chain.cs", "--plan", "mark-sweep,semispace", "--heap", "1M", "--log", "gc.log");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("000000000000c34f", output);
        Assert.All(["gc.log.mark-sweep", "gc.log.semispace"], name => Assert.Contains("Pause Full (Allocation Failure)", File.ReadAllText(Path.Combine(_directory, name))));
    }

    [Theory]
    [InlineData("Throws", "frame[3] = frame[0]; return 0;", "Throws.cs failed under plan semispace: IndexOutOfRangeException")]
    [InlineData("Deep", "return Down(1); } private static long Down(long x) { return Down(x + 1) + 1;", "Deep.cs failed under plan semispace: it calls itself without end, in Down")]
    [InlineData("Keeps", "var raw = frame[0]; frame[0] = Reference.Null; heap.Collect(); frame[0] = heap.Allocate(link); heap.Write(frame[0], 0, raw); return 0;", "the program stores, in a link, 0x")]
    [InlineData("Uses", "var raw = frame[0]; heap.Collect(); return heap.ReadNumber(raw, 1);", "the program reads a number of 0x")]
    [InlineData("Null", "return heap.ReadNumber(Reference.Null, 1);", "the program reads a number of null")]
    [InlineData("Files", "System.IO.File.Delete(\"x\"); return 0;", "error: a program may not use System.IO")]
    public void WhatAProgramOfOnesOwnDoesWrongIsSaidOfIt(string name, string body, string message)
    {
        Program(name, body);
        var path = Path.Combine(_directory, name + ".cs");
        var error = Record.Exception(() => HeapRun.Run(PlanRegistry.Parse("semispace"), ProgramCompiler.Compile(path, () => default), new PlanSetup { HeapLimit = 1 << 20, Checking = HeapChecking.EachCollection }));
        Assert.True(error is ProgramFailureException or HeapCorruptedException or CollectionFormatException, $"{error}");
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ALoopWithoutEndOfAProgramOfOnesOwnEndsWithItsTime()
    {
        Program("Loops", "while (true) { }");
        RequireOneLine("Loops.cs under plan semispace did not end in 0.5 s", "gc", "Loops.cs", "--plan", "semispace", "--heap", "1M", "--time-limit", "0.5s");
    }

    [Theory]
    [InlineData("no program 'gcbenhc'; there are gcbench, binary-trees", "gc", "gcbenhc")]
    [InlineData("no plan 'semi'; there are semispace, mark-sweep", "gc", "--plan", "semi", "gcbench")]
    [InlineData("depth=99 is not a whole number from 1 to 26", "gc", "binary-trees:depth=99")]
    [InlineData("plan immix: out of memory: ", "gc", "--plan", "immix", "--heap", "2M", "binary-trees:depth=16")]
    [InlineData("--heap '5x' is not a size", "gc", "--heap", "5x", "gcbench")]
    [InlineData("--heap '12K' is not a size from 1M to 1T", "gc", "--heap", "12K", "gcbench")]
    [InlineData("--steps: character 12: no object 'q'; there are a, b", "gc", "--steps", "a=[b] root q")]
    [InlineData("give one of a program and --steps", "gc", "gcbench", "--steps", "gc")]
    [InlineData("give a program or --steps; programs are gcbench", "gc")]
    [InlineData("--time-limit '0' is not a time", "gc", "gcbench", "--time-limit", "0")]
    [InlineData("did not end in 0.2 s", "gc", "--plan", "immix", "binary-trees:depth=22", "--heap", "1G", "--time-limit", "0.2s")]
    public void WhatIsWrongIsOneLine(string message, params string[] command) => RequireOneLine(message, command);

    [Fact]
    public void CtrlCEndsAProgramThatDoesNotEnd()
    {
        // As soon as it listens.
        Program("Loops", "while (true) { }");
        using var process = Start("gc", "Loops.cs", "--plan", "semispace", "--heap", "1M", "--sanity");
        using var kill = Process.Start(new ProcessStartInfo("sh", ["-c", $"while grep -q '^SigCgt:.*[014589cd]$' /proc/{process.Id}/status; do :; done; kill -INT {process.Id}"]) { UseShellExecute = false })!;
        kill.WaitForExit();
        process.WaitForExit();
        Assert.Equal(130, process.ExitCode);
        Assert.Equal("", process.StandardError.ReadToEnd());
    }

    [Fact]
    public void ResultsAreCompleteAsJsonAndAsCommaSeparatedValues()
    {
        var (code, output, _) = Run("gc", "--plan", "mark-sweep,generational:nursery=64K", "binary-trees:depth=10", "--heap", "1M", "--census", "--barrier-cost", "--csv", "-", "--json", "results.json", "--ram", "256K", "--policy", "opt", "--tlb", "16");
        Assert.Equal(0, code);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(',')).ToList();
        Assert.Equal(3, lines.Count);
        Assert.All(lines, line => Assert.Equal(lines[0].Length, line.Length));
        Assert.All(lines.Skip(1), line => Assert.All(line, cell => Assert.NotEqual("", cell)));
        var root = JsonDocument.Parse(File.ReadAllText(Path.Combine(_directory, "results.json"))).RootElement;
        Assert.All(root.GetProperty("results").EnumerateArray(), result => Assert.Equal(4, result.GetProperty("minimumUtilisations").EnumerateObject().Count()));
        Assert.All(root.GetProperty("results").EnumerateArray(), result => Assert.NotEmpty(result.GetProperty("census").GetProperty("samples").EnumerateArray()));
        Assert.Equal(2, root.GetProperty("paging").GetArrayLength());
    }

    [Fact]
    public void WithMemoryForAllPagesEachFaultsOnceAndTheOptimumFaultsLeast()
    {
        var whole = Paging("64M", "lru");
        Assert.All(whole, plan => Assert.Equal(plan.GetProperty("pages").GetInt32(), Faults(plan)));
        var (lru, optimum) = (Paging("512K", "lru"), Paging("512K", "opt"));
        Assert.All(lru.Zip(optimum), pair => Assert.InRange(Faults(pair.Second), pair.First.GetProperty("pages").GetInt32() + 1, Faults(pair.First) - 1));

        // The same references, whoever decides.
        Assert.Equal(lru.Select(plan => plan.GetProperty("collectorReferences").GetInt64()), optimum.Select(plan => plan.GetProperty("collectorReferences").GetInt64()));
        Assert.All(lru, plan => Assert.True(plan.GetProperty("collectorFaults").GetInt64() > 0));

        List<JsonElement> Paging(string ram, string policy)
        {
            var (code, output, error) = Run("gc", "--plan", "semispace,mark-sweep", "binary-trees:depth=11", "--heap", "2M", "--ram", ram, "--policy", policy, "--json", "-");
            Assert.True(code == 0, error);
            return [.. JsonDocument.Parse(output).RootElement.GetProperty("paging").EnumerateArray()];
        }

        static long Faults(JsonElement plan) => plan.GetProperty("programFaults").GetInt64() + plan.GetProperty("collectorFaults").GetInt64();
    }

    [Fact]
    public void DrawingsKeepWithinTheTerminal()
    {
        var (code, output, _) = Run("gc", "--plan", "semispace,generational", "binary-trees:depth=10", "--heap", "1M", "--draw");
        Assert.Equal(0, code);
        var drawing = output.Split('\n').SkipWhile(line => !line.StartsWith("processor time: █", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, drawing.Count(line => line.Contains("the heap over time", StringComparison.Ordinal)));
        Assert.All(drawing, line => Assert.InRange(line.Length, 0, 80));
    }

    [Theory]
    [InlineData("--ram '1' is not a size from 4K to 4G", "gc", "gcbench", "--ram", "1")]
    [InlineData("--tlb and --thp are about paging", "gc", "gcbench", "--tlb", "64")]
    [InlineData("--tlb -3 is not a number of entries", "gc", "gcbench", "--ram", "1M", "--tlb", "-3")]
    public void WrongPagingIsOneLine(string message, params string[] command) => RequireOneLine(message, command);

    [Fact]
    public void HelpShowsExamples()
    {
        var (code, output, _) = Run("gc", "--help");
        Assert.Equal(0, code);
        Assert.Contains("quire gc --plan semispace --steps \"a=[b c] b=[d] root a -b gc\"", output);
    }

    private void RequireOneLine(string message, params string[] command)
    {
        var (code, output, error) = Run(command);
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("quire: ", error, StringComparison.Ordinal);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(letter => letter == '\n'));
    }

    private void Program(string name, string body) => File.WriteAllText(Path.Combine(_directory, name + ".cs"), $$"""
        public sealed class {{name}} : IMutatorProgram
        {
            public long Run<TPaths>(Mutator<TPaths> heap)
                where TPaths : struct, IPaths
            {
                var link = heap.Plan.Types.Define("link", references: 1, dataWords: 1);
                using var frame = heap.Push(1);
                for (var i = 0; i < 50_000; i++)
                {
                    var next = heap.Allocate(link);
                    heap.WriteNumber(next, 1, i);
                    heap.Write(next, 0, i % 1000 == 0 ? Reference.Null : frame[0]);
                    frame[0] = next;
                }

                {{body}}
            }
        }
        """);

    private (int Code, string Output, string Error) Run(params string[] arguments)
    {
        using var process = Start(arguments);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    // Whoever started the tests may ignore SIGINT, and a process keeps ignoring what its parent did.
    private Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo("env", ["--default-signal=INT", PublishedCommand.Path, .. arguments])
    {
        WorkingDirectory = _directory,
        UseShellExecute = false,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    }) ?? throw new InvalidOperationException("quire does not start");
}
