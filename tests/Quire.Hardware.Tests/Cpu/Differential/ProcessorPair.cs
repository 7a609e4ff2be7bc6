using System.Text;


namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>Host and simulated CPU over the same memory.</summary>
public sealed class ProcessorPair : IDisposable
{
    private const int DifferencesShown = 4;

    private readonly HostProcessor _host;
    private readonly SimulatedProcessor _simulated;

    public ProcessorPair()
    {
        var contents = new GuestContents(seed: 1);
        _host = new HostProcessor(contents);
        _simulated = new SimulatedProcessor(contents);
    }

    internal void AssertAgree(IReadOnlyList<TestCase> cases)
    {
        var report = new StringBuilder();
        var failures = 0;
        foreach (var (test, differences) in Differing(cases))
        {
            if (failures++ < DifferencesShown)
            {
                report.Append("\n\n").AppendJoin("\n", differences).Append('\n').Append(Comparison.Describe(test));
            }
        }

        Assert.True(failures == 0, $"{failures} of {cases.Count} cases differ{report}");
    }

    /// <summary>The cases in which the two disagree.</summary>
    internal IEnumerable<(TestCase Test, List<string> Differences)> Differing(IReadOnlyList<TestCase> cases)
    {
        foreach (var batch in cases.Chunk(500))
        {
            var expected = _host.Run(batch);
            for (var i = 0; i < batch.Length; i++)
            {
                var differences = Comparison.Differences(batch[i], expected[i], Simulate(batch[i]));
                if (differences.Count != 0)
                {
                    yield return (batch[i], differences);
                }
            }
        }
    }

    internal List<Outcome> RunOnHost(IReadOnlyList<TestCase> cases) => _host.Run(cases);

    internal Outcome Simulate(TestCase test) => _simulated.Run(in test.Request);

    public void Dispose()
    {
        _host.Dispose();
        _simulated.Dispose();
    }
}
