using System.Text;
using Quire.Collection.Steps;

namespace Quire.Collection.Tests;

public class HeapStepTests
{
    private const string Example = "a=[b c] b=[d] root a -b gc";

    public static TheoryData<string> Exact => [.. PlanRegistry.All.Where(plan => plan.Has(PlanFeatures.Exact)).Select(plan => plan.Name)];

    public static TheoryData<string> Plans => [.. PlanRegistry.All.Select(plan => plan.Name)];

    [Theory]
    [MemberData(nameof(Exact))]
    public void WhatIsLetGoIsFreedWithAllThatOnlyItReachedAndTheReasonIsSaid(string plan)
    {
        var gc = Run(plan, Example)[^1];
        Assert.Equal(["a", "c"], gc.Objects.Select(item => item.Name).Order());
        Assert.Equal(["b", "d"], gc.Events.Where(what => what.Kind == HeapEventKind.Freed).Select(what => what.Object).Order());
        var reasons = gc.Events.Where(what => what.Kind == HeapEventKind.Freed).ToDictionary(what => what.Object, what => what.Why);
        Assert.Equal("unreachable since step 4; it was reached by root a, a.0", reasons["b"]);
        Assert.Equal("unreachable since step 4; it was reached by root a, a.0, b.0", reasons["d"]);
        Assert.Equal("root a, a.1", gc.Objects.Single(item => item.Name == "c").Why);
    }

    [Fact]
    public void CheneyCopiesBreadthFirstAndScansInTheOrderOfCopies()
    {
        var gc = Run("semispace", "a=[b c] b=[d] c=[e] root a gc")[^1];
        Assert.Equal(["a", "b", "c", "d", "e"], gc.Events.Where(what => what.Kind == HeapEventKind.Copied).Select(what => what.Object));
        Assert.Equal(["a", "b", "c", "d", "e"], gc.Events.Where(what => what.Kind == HeapEventKind.Scanned).Select(what => what.Object));
        Assert.Equal(["a", "b", "c", "d", "e"], gc.Objects.Select(item => item.Name));
        var copies = gc.Events.Where(what => what.Kind == HeapEventKind.Copied).ToList();
        Assert.Equal([24, 16, 16, 16], copies.Zip(copies.Skip(1), (first, second) => second.To - first.To));
        Assert.All(gc.Objects, item => Assert.Equal((TracingColour.Black, 1), (item.Colour, item.Age)));
    }

    [Fact]
    public void MarkCompactSlidesInTheOrderOfAddressesOverTheDead()
    {
        var steps = Run("mark-compact", "x=[] y=[] z=[] -x root y root z gc");
        var (before, after) = (steps[^2].Objects, steps[^1].Objects);
        Assert.Equal(["x", "y", "z"], before.Select(item => item.Name));
        Assert.Equal([before[0].Address, before[1].Address], after.Select(item => item.Address));
        Assert.Equal(["y", "z"], after.Select(item => item.Name));
    }

    [Fact]
    public void AMinorCollectionKeepsWhatAnOldDeadObjectHoldsAndSaysSo()
    {
        var steps = Run("generational:age=1", "a=[b] root a minor -b x=[y] root x minor x.0=null y2=[] -x z=[] gc");
        Assert.Equal("old", steps[3].Objects.Single(item => item.Name == "a").Place);
        Assert.Contains("looks at the young only", Run("generational:age=1", "a=[b] root a minor -a minor")[^1].Objects[0].Why, StringComparison.Ordinal);
        var held = Run("generational:age=1", "a=[null] root a minor b=[] a.0=b -a minor")[^1].Objects.Single(item => item.Name == "b");
        Assert.Equal((4 + 2, "unreachable since step 6: a.0 refers to it, and what is old counts as alive"), (held.UnreachableSince, held.Why));
        Assert.Equal(["a", "y2", "z"], steps[^1].Objects.Select(item => item.Name).Order());
    }

    [Fact]
    public void PlainCountingKeepsACycleAndTrialDeletionFindsIt()
    {
        const string script = "a=[b] b=[a] root a -a gc";
        Assert.Equal(["unreachable since step 4: counted from b.0", "unreachable since step 4: counted from a.0"], Run("reference-counting", script)[^1].Objects.OrderBy(item => item.Name).Select(item => item.Why));
        Assert.Empty(Run("cycle-counting", script)[^1].Objects);
    }

    [Fact]
    public void AWriteHidesAnObjectFromTheMarkerAndTheBarrierShadesIt()
    {
        const string script = "a=[b] b=[c] d=[null] root a root d start d.0=c b.0=null";
        Assert.Equal(TracingColour.Grey, Colour("incremental-yuasa", script, "c"));
        Assert.Equal(TracingColour.Grey, Colour("incremental-dijkstra", script, "c"));
        Assert.Equal(TracingColour.White, Colour("incremental-steele", script, "c"));
        Assert.All(["incremental-yuasa", "incremental-dijkstra", "incremental-steele", "concurrent-mark-sweep"], plan => Assert.Contains(Run(plan, script + " finish")[^1].Objects, item => item.Name == "c"));
    }

    [Theory]
    [MemberData(nameof(Plans))]
    public void AnEmptyHeapIsCollected(string plan) => Assert.Empty(Run(plan, "gc gc")[^1].Objects);

    [Theory]
    [InlineData("", "character 1: there is no step")]
    [InlineData("x", "character 1: 'x' is no step")]
    [InlineData("a=[b] root q", "character 12: no object 'q'; there are a, b")]
    [InlineData("root a", "character 6: no object 'a': nothing has been made yet")]
    [InlineData("a=[b] a.1=b", "character 9: a has no field '1'; it has 0")]
    [InlineData("a=[b c] a.x=b", "character 11: a has no field 'x'; it has 0 to 1")]
    [InlineData("a=[b] a.0=c", "character 11: no object 'c'; there are a, b")]
    [InlineData("a=[] -b", "character 7: no object 'b'; there are a")]
    [InlineData("a=[b", "character 3: [ without ]")]
    [InlineData("a=[b]]", "character 6: ] without [")]
    [InlineData("a=[[b]]", "character 4: a bracket within brackets")]
    [InlineData("a=[gc]", "character 4: 'gc' is no name for an object")]
    [InlineData("a=[] a=[]", "character 6: a was made by step 1 already")]
    [InlineData("a=[]+2T", "character 6: '2T' is not a size")]
    [InlineData("a=[] root", "character 6: root of what?")]
    [InlineData("a=[] -a -a", "character 9: a is unreachable since step 2")]
    [InlineData("a=[] minor", "character 6: plan mark-sweep has no young generation")]
    [InlineData("a=[] start", "character 6: plan mark-sweep does not mark beside the program")]
    public void WhatIsWrongIsSaidWithItsPosition(string script, string message) =>
        Assert.Contains(message, Assert.Throws<CollectionFormatException>(() => Run("mark-sweep", script)).Message, StringComparison.Ordinal);

    [Fact]
    public void MarkingThatHasNotBegunCannotGoOn() =>
        Assert.Contains("write start before", Assert.Throws<CollectionFormatException>(() => Run("incremental-yuasa", "a=[] mark")).Message, StringComparison.Ordinal);

    // The observer throws when a plan frees what the graph of the script still reaches: the oracle is unreachability at each step.
    [Theory]
    [MemberData(nameof(Plans))]
    public void OnRandomScriptsNothingReachableIsFreedAndAFullCollectionIsExact(string plan)
    {
        var isExact = PlanRegistry.Parse(plan).Descriptor.Has(PlanFeatures.Exact) || plan == "cycle-counting";
        var freed = 0;
        for (var seed = 0; seed < Lengths.Of(6, 1000); seed++)
        {
            var script = RandomScript(new Random(seed), plan);
            var steps = Run(plan, script);
            freed += steps.Sum(step => step.Events.Count(what => what.Kind == HeapEventKind.Freed));
            if (isExact)
            {
                Assert.True(steps[^1].Objects.All(item => item.UnreachableSince == 0), $"{plan} keeps {string.Join(' ', steps[^1].Objects.Where(item => item.UnreachableSince > 0).Select(item => item.Name))} of \"{script}\"");
            }
        }

        Assert.True(freed > 10 || !isExact, $"{freed} freed");
    }

    // Objects and stores among what is reachable, which the script's own rules require.
    private static string RandomScript(Random random, string plan)
    {
        var script = new StringBuilder();
        var fields = new Dictionary<string, string?[]>();
        var roots = new HashSet<string>();
        var canMinor = plan is "generational" or "generational-mark-sweep" or "sticky-immix";
        for (var i = 0; i < 60; i++)
        {
            var reachable = Reachable();
            var some = reachable.Count > 0 ? reachable[random.Next(reachable.Count)] : null;
            switch (random.Next(10))
            {
                case < 3 when fields.Count < HeapScript.MostObjects:
                    var name = $"n{fields.Count}";
                    fields.Add(name, new string?[3]);
                    roots.Add(name);
                    script.Append($"{name}=[null null null]+{8 * random.Next(1, 5)} root {name} ");
                    break;
                case < 6 when some is not null:
                    var value = random.Next(4) == 0 ? null : reachable[random.Next(reachable.Count)];
                    var field = random.Next(3);
                    fields[some][field] = value;
                    script.Append($"{some}.{field}={value ?? "null"} ");
                    break;
                case < 9 when roots.Count > 0:
                    var root = roots.ElementAt(random.Next(roots.Count));
                    roots.Remove(root);
                    script.Append($"-{root} ");
                    break;
                default:
                    script.Append(canMinor && random.Next(3) > 0 ? "minor " : "gc ");
                    break;
            }
        }

        return script.Append("gc").ToString();

        List<string> Reachable()
        {
            var found = new List<string>(roots);
            for (var i = 0; i < found.Count; i++)
            {
                found.AddRange(fields[found[i]].OfType<string>().Distinct().Where(next => !found.Contains(next)));
            }

            return found;
        }
    }

    private static TracingColour Colour(string plan, string script, string name) => Run(plan, script)[^1].Objects.Single(item => item.Name == name).Colour;

    private static IReadOnlyList<HeapStepResult> Run(string plan, string script) => HeapSteps.Run(PlanRegistry.Parse(plan), HeapScript.Parse(script), new PlanSetup { HeapLimit = 2 << 20 });
}
