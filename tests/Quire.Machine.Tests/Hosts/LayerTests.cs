using System.Globalization;
using System.Runtime.Versioning;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Hosts;

/// <summary>What becomes of a kept layer (--layer) when its run is killed, its disk is full, or two want it.</summary>
[SupportedOSPlatform("linux")]
public sealed class LayerTests : IDisposable
{
    private readonly string _layer = Directory.CreateTempSubdirectory("quire-layer-").FullName;

    public void Dispose() => Directory.Delete(_layer, recursive: true);

    [Fact]
    public void ARunThatIsKilledWhileItKeepsLeavesAWholeLayerNotOlderThanItsLastSync()
    {
        const string Churn = """
            mkdir -p /root/churn; cd /root/churn; read g <gen
            while :; do g=$((g + 1)); for i in 0 1 2 3; do echo $g >t; mv t f$i; done; echo $g >gen; sync; echo $g; done
            """;
        var reached = 0;
        for (var kill = 1; kill <= 3; kill++)
        {
            using var run = ProgramRun.Start("/", [ProgramRun.Executable, "run", "--quiet", "--layer", _layer, "--", "sh", "-c", Churn]);
            for (var line = 0; line < 2 * kill; line++)
            {
                reached = int.Parse(run.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
            }

            // In the midst of the next one, wherever it is.
            run.Kill();
            run.WaitForExit();
            var after = ProgramRun.Quire("run", "--quiet", "--layer", _layer, "--", "sh", "-c", "cd /root/churn; cat gen f0 f1 f2 f3 | sort -u");
            Assert.True(after.ExitCode == 0 && int.TryParse(after.Output.Trim(), out var found) && found >= reached, $"synced {reached}, then {after}");
        }
    }

    [Fact]
    public void TheSecondOfTwoRunsOnALayerIsRefusedInOneLine()
    {
        using var first = ProgramRun.Start("/", [ProgramRun.Executable, "run", "--quiet", "--layer", _layer, "--", "sh", "-c", "echo started; cat"]);
        Assert.Equal("started", first.StandardOutput.ReadLine());
        var second = ProgramRun.Quire("run", "--layer", _layer, "--", "true");
        first.StandardInput.Close();
        ProgramRun.WaitForEnd(first);
        Assert.Equal(new ProgramRun(2, "", $"quire: {_layer}: another run uses this layer\n"), second);
    }

    [Fact]
    public async Task WhatCannotBeKeptIsSaidAndTheRestIsKept()
    {
        var contents = Path.Combine(_layer, ".wh..wh.data");
        var report = Path.GetTempFileName();
        Assert.Equal(new ProgramRun(0, "", ""), ProgramRun.Quire("run", "--quiet", "--layer", _layer, "--", "sh", "-c", "echo kept >/root/small"));
        using (var run = ProgramRun.Start("/", [ProgramRun.Executable, "run", "--layer", _layer, "--json", report, "--", "sh", "-c", "echo started; cat; echo big >/root/big; mkdir /root/new; exit 7"]))
        {
            Assert.Equal("started", run.StandardOutput.ReadLine());
            Directory.Move(contents, contents + "-away");
            File.WriteAllText(contents, "");
            run.StandardInput.Close();
            var errors = run.StandardError.ReadToEndAsync();
            ProgramRun.WaitForEnd(run, errors);
            Assert.Equal(7, run.ExitCode);
            var said = await errors;
            Assert.Contains("quire: not kept: layer: /root/big: ENOTDIR\n", said);
            Assert.Contains("--- quire", said);
            Assert.Contains("\"layer: /root/big: ENOTDIR\"", File.ReadAllText(report));
        }

        File.Delete(report);
        File.Delete(contents);
        Directory.Move(contents + "-away", contents);
        var again = ProgramRun.Quire("run", "--quiet", "--layer", _layer, "--", "sh", "-c", "cat /root/small; test -d /root/new && test ! -e /root/big && echo new");
        Assert.Equal(new ProgramRun(0, "kept\nnew\n", ""), again);
    }
}
