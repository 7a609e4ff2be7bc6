using Quire.Collection.Exploring;

namespace Quire.Collection.Tests;

/// <summary>All interleavings: who loses an object, and that the counts are those of a plain walk over every schedule.</summary>
public class ExplorationTests
{
    public static TheoryData<string> Rules => [.. MarkingRule.All.Select(rule => rule.Name)];

    [Theory]
    [InlineData("none", true)]
    [InlineData("dijkstra", false)]
    [InlineData("dijkstra-once", true)]
    [InlineData("steele", false)]
    [InlineData("yuasa", false)]
    [InlineData("read", false)]
    public void ExactlyTheUnsoundRulesLoseAnObject(string name, bool loses)
    {
        foreach (var start in new[] { TricolourState.Linked, TricolourState.Growing })
        {
            var exploration = new Exploration(MarkingRule.Find(name)!, start);
            Assert.Equal(loses, exploration.Count(6).Losing > 0);
            Assert.Equal(loses, exploration.FindLoss(6) is not null);
        }
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void CountsAreThoseOfAWalkOverEverySchedule(string name)
    {
        foreach (var start in new[] { TricolourState.Linked, TricolourState.Growing })
        {
            var exploration = new Exploration(MarkingRule.Find(name)!, start);
            var walked = (Schedules: 0L, Losing: 0L, Floating: 0L);
            Walk(exploration, start, 2, ref walked);
            var counts = exploration.Count(2);
            Assert.Equal(walked, ((long)counts.Schedules, (long)counts.Losing, (long)counts.Floating));
        }
    }

    // Regression values: a change of them is a change of what is explored.
    [Theory]
    [InlineData("none", 91152847917, 13940821, 62094057228)]
    [InlineData("dijkstra", 137520363165, 0, 92641689685)]
    [InlineData("dijkstra-once", 137520363165, 178733021, 92641689685)]
    [InlineData("steele", 111464933120, 0, 73784205592)]
    [InlineData("yuasa", 2574117717, 0, 2183535483)]
    [InlineData("read", 2623574506, 0, 2047057530)]
    public void SixOperationsHaveTheseSchedules(string name, long schedules, long losing, long floating)
    {
        var counts = new Exploration(MarkingRule.Find(name)!, TricolourState.Linked).Count(6);
        Assert.Equal((schedules, losing, floating), ((long)counts.Schedules, (long)counts.Losing, (long)counts.Floating));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("dijkstra-once")]
    public void ALossCanBePlayedAgain(string name)
    {
        var exploration = new Exploration(MarkingRule.Find(name)!, TricolourState.Linked);
        var schedule = exploration.FindLoss(6)!.Select(step => step.ToString()).ToList();
        var states = exploration.Replay(schedule, out _)!;
        Assert.Equal(schedule.Count + 1, states.Count);
        Assert.NotEqual(0, Exploration.Lost(states[^1]));
        Assert.Null(exploration.Replay([.. schedule, "scan a"], out var impossible));
        Assert.Equal("scan a", impossible);
    }

    [Fact]
    public void TheClassicLossIsFoundWithoutABarrier()
    {
        // A black object gets the only reference to a white one (Wilson, "Uniprocessor Garbage Collection Techniques", figure 7).
        var exploration = new Exploration(MarkingRule.Find("none")!, TricolourState.Linked);
        var states = exploration.Replay(["take r0", "take r1", "take r2", "scan a", "r2=r1.f", "r0.f=r2", "r1.f=null", "r2=null", "scan b", "finish"], out _)!;
        Assert.Equal(1 << 3, Exploration.Lost(states[^1]));
    }

    [Fact]
    public void EachBarrierKeepsTheGarbageThatItsPaperSays()
    {
        // A deletion barrier keeps what was reachable when it began, a grey mutator's barriers free what dies before it is reached.
        string[] schedule = ["r1.f=null", "scan a", "scan b"];
        var yuasa = new Exploration(MarkingRule.Find("yuasa")!, TricolourState.Linked).Replay(["take roots", .. schedule, "scan c", "finish"], out _)!;
        Assert.Equal(1, Exploration.Floating(yuasa[^1]));
        var dijkstra = new Exploration(MarkingRule.Find("dijkstra")!, TricolourState.Linked).Replay(["take r0", "take r1", "take r2", .. schedule, "finish"], out _)!;
        Assert.Equal(0, Exploration.Floating(dijkstra[^1]));
    }

    private static void Walk(Exploration exploration, TricolourState state, int left, ref (long Schedules, long Losing, long Floating) counts)
    {
        foreach (var step in exploration.Steps(state, left))
        {
            var next = exploration.Apply(state, step);
            if (step.Kind == ScheduleStepKind.Finish)
            {
                counts.Schedules++;
                counts.Losing += Exploration.Lost(next) != 0 ? 1 : 0;
                counts.Floating += Exploration.Floating(next) != 0 ? 1 : 0;
            }
            else
            {
                Walk(exploration, next, left - (step.IsMutator ? 1 : 0), ref counts);
            }
        }
    }
}
