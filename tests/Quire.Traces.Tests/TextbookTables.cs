using Quire.Replacement;
using Xunit;

namespace Quire.Traces.Tests;

/// <summary>Reference strings whose fault counts are printed in textbooks and papers.</summary>
public class TextbookTables
{
    // Belady, Nelson and Shedler, CACM 12(6), 1969: the anomaly.
    private const string Belady = "1,2,3,4,1,2,5,1,2,3,4,5";

    // Silberschatz, Galvin and Gagne, Operating System Concepts, chapter "Virtual memory".
    private const string Silberschatz = "7,0,1,2,0,3,0,4,2,3,0,3,2,1,2,0,1,7,0,1";

    // Stallings, Operating Systems, figure "Behavior of four page replacement algorithms"; counts include the first three loads.
    private const string Stallings = "2,3,2,1,5,2,4,5,3,2,5,2";

    // Tanenbaum, Modern Operating Systems, exercise on FIFO and LRU with four frames and 0 1 7 2 3 2 7 1 0 3.
    private const string Tanenbaum = "0,1,7,2,3,2,7,1,0,3";

    [Theory]
    [InlineData(Belady, "fifo", 3, 9)]
    [InlineData(Belady, "fifo", 4, 10)]
    [InlineData(Belady, "lru", 3, 10)]
    [InlineData(Belady, "lru", 4, 8)]
    [InlineData(Belady, "opt", 3, 7)]
    [InlineData(Belady, "opt", 4, 6)]
    [InlineData(Silberschatz, "fifo", 3, 15)]
    [InlineData(Silberschatz, "lru", 3, 12)]
    [InlineData(Silberschatz, "opt", 3, 9)]
    [InlineData(Stallings, "fifo", 3, 9)]
    [InlineData(Stallings, "lru", 3, 7)]
    [InlineData(Stallings, "opt", 3, 6)]
    [InlineData(Stallings, "clock", 3, 8)]
    [InlineData(Tanenbaum, "fifo", 4, 6)]
    [InlineData(Tanenbaum, "lru", 4, 7)]
    public void FaultsAreThoseOfTheBook(string references, string policy, int frames, long faults)
    {
        var text = ReferenceString.Parse(references);
        var replay = new SteppedReplay(PolicyRegistry.Parse(policy), frames, text.NameOf);

        var faulting = text.Replay(replay).Count(step => step.IsFault);

        Assert.Equal(faults, faulting);
        Assert.Equal(faults, replay.Misses);
    }

    [Fact]
    public void FifoStepsShowTheBookVictims()
    {
        var text = ReferenceString.Parse(Belady);
        var replay = new SteppedReplay(PolicyRegistry.Parse("fifo"), 3, text.NameOf);

        var victims = text.Replay(replay).Where(step => step.Victim >= 0).Select(step => text.NameOf(step.Victim));

        Assert.Equal(["1", "2", "3", "4", "1", "2"], victims);
    }

    [Fact]
    public void OptSaysThatItsVictimIsNeverUsedAgain()
    {
        var text = ReferenceString.Parse("1,2,3,2,3");
        var replay = new SteppedReplay(PolicyRegistry.Parse("opt"), 2, text.NameOf);

        var reasons = text.Replay(replay).Select(step => step.Reason).OfType<string>().ToList();

        var reason = Assert.Single(reasons);
        Assert.Contains("never used again", reason);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" , ,")]
    [InlineData("1,-2,3")]
    [InlineData("1,99999999999999999999999")]
    public void NonsenseInAStringIsRefusedWithOneLine(string text)
    {
        var fault = Assert.Throws<TraceFormatException>(() => ReferenceString.Parse(text));

        Assert.DoesNotContain('\n', fault.Message);
    }
}
