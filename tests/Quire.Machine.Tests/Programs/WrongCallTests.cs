using System.Security.Cryptography;
using System.Text;

namespace Quire.Machine.Tests.Programs;

/// <summary>
/// Requests that must be refused, and rights that are not there: as on Linux. What one kernel says is written down beside the programs; where another one, the
/// host's, says something else, that is right as well.
/// </summary>
public sealed class WrongCallTests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    [Fact]
    public void EachWrongRequestEndsAsOnTheHost()
    {
        var program = programs.Compile("wrong_requests.c");

        Assert.Equal(ProgramRun.Natively("/tmp", [program]).Output, ProgramRun.OnQuire("/tmp", [program]).Output);
    }

    [Fact]
    public void EachCapabilityIsNeededForWhatLinuxNeedsItFor()
    {
        var program = programs.Compile("capabilities.c");

        Assert.Equal(Expected("capabilities"), ProgramRun.OnQuire("/tmp", [program]).Output);
    }

    [Fact]
    public void CallsWithWildArgumentsGiveTheErrorsOfAnotherKernel()
    {
        var program = programs.Compile("call_errors.c");
        string[] command = [program, "2", "1"];
        var there = Outcomes(ProgramRun.Natively("/tmp", command).Output);
        var here = Outcomes(ProgramRun.OnQuire("/tmp", command).Output);
        var expected = Outcomes(Expected("call_errors"));

        Assert.True(expected.Count > 300, $"{expected.Count}");
        Assert.All(expected, line => Assert.Contains(here[line.Key], new[] { line.Value, there.GetValueOrDefault(line.Key, "") }));
    }

    // Kernels before 6.6 keep a promise that mprotect could take back, and so join less: what a newer one shows is right, too.
    [Theory]
    [InlineData("7", "53C1C89A055579848F451D8CC4D77EF190961DF4439AF471986131CD962B128B")]
    [InlineData("8", "DDCCE955974CC318E6CCD2B42BD609CA8374C5374A8B37EFE8563A58DD62284B")]
    public void RegionsBeginAndEndWhereTheHostsDo(string seed, string newKernel)
    {
        const string allButMoves = "95";
        var program = programs.Compile("region_merges.c");
        string[] command = [program, "400", seed, allButMoves];
        var here = ProgramRun.OnQuire("/tmp", command).Output;

        Assert.Contains(HashOf(here), new[] { newKernel, HashOf(ProgramRun.Natively("/tmp", command).Output) });
    }

    private static string HashOf(string text) => Convert.ToHexString(SHA256.HashData(Encoding.Latin1.GetBytes(text)));

    private static string Expected(string name) => File.ReadAllText(Path.Combine(ProgramRun.Root, "tests", "native", name + ".expected"));

    // "call( arguments) = outcome"
    private static Dictionary<string, string> Outcomes(string text)
    {
        var outcomes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n').Where(line => line.Contains(" = ", StringComparison.Ordinal)))
        {
            var at = line.LastIndexOf(" = ", StringComparison.Ordinal);
            outcomes[line[..at]] = line[(at + 3)..];
        }

        return outcomes;
    }
}
