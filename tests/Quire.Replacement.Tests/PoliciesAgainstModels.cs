using Quire.Traces;
using Quire.Traces.Tests;
using Xunit;

namespace Quire.Replacement.Tests;

/// <summary>Each policy faults exactly where a plain model of its paper faults, reference by reference, on random strings.</summary>
public class PoliciesAgainstModels
{
    public static TheoryData<string> Policies =>
    [
        "fifo", "lru", "mru", "clock", "clock:insert=0", "clock:bits=2", "clock:bits=3,insert=0", "enhanced-clock", "lfu", "lfu:tie=fifo", "lfu:tie=mru",
        "lru-k:history=1000", "lru-k:k=1", "lru-k:k=3,history=1000", "lru-k:k=2,crp=3,history=1000", "2q", "2q:in=50%,out=100%", "arc", "car", "sieve", "s3-fifo", "lirs", "lirs:variant=authors", "lirs:variant=paper",
        "lirs:hir=30%,variant=paper", "opt", "gclock", "gclock:bits=3,insert=0", "second-chance", "second-chance:inactive=20%", "clock-sweep", "clock-sweep:most=2",
        "w-tinylfu", "w-tinylfu:window=30%,protected=50%", "aging:tick=7", "aging:bits=3,tick=5", "multi-generation", "wsclock:tau=20", "wsclock:tau=0",
        "clock-pro", "clock-pro:cold=50%", "clock-pro:cold=30%,adapt=0",
    ];

    [Theory]
    [MemberData(nameof(Policies))]
    public void FaultsWhereThePaperFaults(string policy)
    {
        foreach (var seed in RandomStrings.Seeds)
        {
            var references = RandomStrings.Create(seed);
            foreach (var frames in new[] { 1, 2, 3, 4, 6, 9, 12, 20, 33 })
            {
                var model = Model(policy, frames, references);
                var replay = new SteppedReplay(PolicyRegistry.Parse(policy), frames, page => page.ToString());
                var steps = RandomStrings.Steps(replay, references).GetEnumerator();
                for (var index = 0; index < references.Length; index++)
                {
                    steps.MoveNext();
                    var expected = model.Reference(references[index] >> 1, (references[index] & 1) != 0);
                    Assert.True(expected == steps.Current.IsFault, $"{policy}, {frames} frames, seed {seed}, reference {index + 1}: the model says {(expected ? "fault" : "hit")}");
                }
            }
        }
    }

    [Fact]
    public void NoPolicyIsWithoutAModel()
    {
        // What is drawn at random has no one right victim; RandomChoiceTests holds it to its distribution.
        var held = ((IEnumerable<object[]>)Policies).Select(row => PolicyRegistry.Parse((string)row[0]).Descriptor.Name).Concat(VariableSpacePolicies.Names).Append("random").ToHashSet();

        Assert.Equal(PolicyRegistry.All.Select(policy => policy.Name).Order(), held.Order());
    }

    [Fact]
    public void AWrongModelIsNoticed()
    {
        var references = RandomStrings.Create(1);
        var model = new QueueModel(3, moveOnHit: false, evictNewest: false);

        var faults = references.Count(reference => model.Reference(reference >> 1, write: false));

        Assert.NotEqual(RandomStrings.Replay("lru", 3, references).Misses, faults);
    }

    private static PolicyModel Model(string policy, int frames, int[] references) => policy switch
    {
        "fifo" => new QueueModel(frames, moveOnHit: false, evictNewest: false),
        "lru" or "lru-k:k=1" => new QueueModel(frames, moveOnHit: true, evictNewest: false),
        "mru" => new QueueModel(frames, moveOnHit: true, evictNewest: true),
        "clock" => new SecondChanceModel(frames, 1, 1),
        "clock:insert=0" => new SecondChanceModel(frames, 0, 1),
        "clock:bits=2" => new SecondChanceModel(frames, 1, 3),
        "clock:bits=3,insert=0" => new SecondChanceModel(frames, 0, 7),
        "enhanced-clock" => new EnhancedClockModel(frames),
        "lfu" => new LfuModel(frames, "lru"),
        "lfu:tie=fifo" => new LfuModel(frames, "fifo"),
        "lfu:tie=mru" => new LfuModel(frames, "mru"),
        "lru-k:history=1000" => new LruKModel(frames, 2, 0),
        "lru-k:k=3,history=1000" => new LruKModel(frames, 3, 0),
        "lru-k:k=2,crp=3,history=1000" => new LruKModel(frames, 2, 3),
        "2q" => new TwoQueueModel(frames, Math.Max(1, frames / 4), Math.Max(1, frames / 2)),
        "2q:in=50%,out=100%" => new TwoQueueModel(frames, Math.Max(1, frames / 2), frames),
        "arc" => new ArcModel(frames),
        "car" => new CarModel(frames),
        "sieve" => new SieveModel(frames),
        "s3-fifo" => new S3FifoModel(frames),
        "lirs:variant=paper" => new LirsModel(frames, Math.Max(1, frames / 100), skipRepeats: false),
        "lirs:hir=30%,variant=paper" => new LirsModel(frames, Math.Max(1, frames * 30 / 100), skipRepeats: false),
        "lirs" or "lirs:variant=authors" => new LirsModel(frames, Math.Min(frames, Math.Max(2, frames / 100)), skipRepeats: true),
        "gclock" => new SecondChanceModel(frames, 1, 3),
        "gclock:bits=3,insert=0" => new SecondChanceModel(frames, 0, 7),
        "second-chance" => new TwoListModel(frames, Math.Max(1, frames / 2)),
        "second-chance:inactive=20%" => new TwoListModel(frames, Math.Max(1, frames / 5)),
        "clock-sweep" => new SweepModel(frames, 5),
        "clock-sweep:most=2" => new SweepModel(frames, 2),
        "w-tinylfu" => new WTinyLfuModel(frames, 1, (frames - 1) * 80 / 100),
        "w-tinylfu:window=30%,protected=50%" => new WTinyLfuModel(frames, Math.Max(1, frames * 30 / 100), (frames - Math.Max(1, frames * 30 / 100)) / 2),
        "aging:tick=7" => new AgingModel(frames, 8, 7),
        "aging:bits=3,tick=5" => new AgingModel(frames, 3, 5),
        "multi-generation" => new GenerationsModel(frames),
        "wsclock:tau=20" => new WsClockModel(frames, 20),
        "wsclock:tau=0" => new WsClockModel(frames, 0),
        "clock-pro" => new ClockProModel(frames, Math.Max(1, frames / 100), 1),
        "clock-pro:cold=50%" => new ClockProModel(frames, Math.Max(1, frames / 2), 1),
        "clock-pro:cold=30%,adapt=0" => new ClockProModel(frames, Math.Max(1, frames * 30 / 100), 0),
        "opt" => new OptModel(frames, [.. references.Select(reference => reference >> 1)]),
        _ => throw new ArgumentOutOfRangeException(nameof(policy)),
    };
}
