using Quire.Traces.Tests;
using Xunit;

namespace Quire.Replacement.Tests;

/// <summary>Policies that give pages back by themselves hold, after each reference, the pages that their papers say.</summary>
public class VariableSpacePolicies
{
    internal static string[] Names => ["working-set", "vmin", "pff"];

    public static TheoryData<int> Windows => [1, 2, 5, 17, 100];

    [Theory]
    [MemberData(nameof(Windows))]
    public void TheWorkingSetIsThePagesOfTheWindow(int tau) =>
        Holds($"working-set:tau={tau}", pages => Enumerable.Range(0, pages.Length).Select(now => VariableSpaceModels.WorkingSet(pages, now, tau)));

    [Theory]
    [MemberData(nameof(Windows))]
    public void VminKeepsWhatIsUsedWithinTheWindow(int tau) =>
        Holds($"vmin:tau={tau}", pages => Enumerable.Range(0, pages.Length).Select(now => VariableSpaceModels.Vmin(pages, now, tau)));

    [Theory]
    [MemberData(nameof(Windows))]
    public void RareFaultsGiveBackWhatWasNotUsed(int threshold) =>
        Holds($"pff:threshold={threshold}", pages => VariableSpaceModels.FaultFrequency(pages, threshold));

    private static void Holds(string policy, Func<int[], IEnumerable<HashSet<int>>> model)
    {
        foreach (var seed in RandomStrings.Seeds)
        {
            var references = RandomStrings.Create(seed);
            var pages = references.Select(reference => reference >> 1).ToArray();
            var replay = new Traces.SteppedReplay(PolicyRegistry.Parse(policy), 64, page => page.ToString());
            // Replay numbers pages in the order of their first appearance.
            var order = pages.Distinct().ToList();
            foreach (var (step, resident) in RandomStrings.Steps(replay, references).Zip(model(pages)))
            {
                var held = Enumerable.Range(0, order.Count).Where(replay.IsResident).Select(number => order[number]).Order();
                Assert.True(held.SequenceEqual(resident.Order()), $"{policy}, seed {seed}, reference {step.Number}: holds {string.Join(' ', held)}, should hold {string.Join(' ', resident.Order())}");
            }
        }
    }
}
