namespace Quire.Kernel.Memory.Groups;

/// <summary>
/// How much of each group reclaim from above leaves alone (mem_cgroup_calculate_protection of mm/memcontrol.c, Documentation/admin-guide/cgroup-v2.rst,
/// mount option memory_recursiveprot): what a group claims of its own use, as far as its parent's protection goes. Siblings that claim more than that
/// get shares by what they use and claim; what no sibling claims is shared among them by what they use unclaimed.
/// </summary>
internal static class Protections
{
    /// <summary>Sets the effective protection of all groups below one that is being reclaimed from, whose own does not hold.</summary>
    public static void Update(MemoryGroup top)
    {
        foreach (var child in top.Children)
        {
            UpdateBelow(child, child.Min, child.Low);
        }
    }

    /// <summary>effective_protection of Linux, in any one unit.</summary>
    /// <param name="claim">The group's own setting.</param>
    /// <param name="claimed">What the siblings, this one among them, claim of what they use: the sum of min(usage, claim).</param>
    public static long Effective(long usage, long claim, long parentUsage, long parentEffective, long claimed)
    {
        var own = Math.Min(usage, claim);
        if (claimed > parentEffective)
        {
            return (long)((Int128)own * parentEffective / claimed);
        }

        if (parentEffective <= claimed || parentUsage <= claimed || usage <= own)
        {
            return own;
        }

        return own + (long)((Int128)(parentEffective - claimed) * (usage - own) / (parentUsage - claimed));
    }

    private static void UpdateBelow(MemoryGroup group, long min, long low)
    {
        group.EffectiveMin = min;
        group.EffectiveLow = low;
        var minClaims = group.Children.Sum(child => Math.Min(child.Usage, child.Min));
        var lowClaims = group.Children.Sum(child => Math.Min(child.Usage, child.Low));
        foreach (var child in group.Children)
        {
            UpdateBelow(
                child,
                Effective(child.Usage, child.Min, group.Usage, min, minClaims),
                Effective(child.Usage, child.Low, group.Usage, low, lowClaims));
        }
    }
}
