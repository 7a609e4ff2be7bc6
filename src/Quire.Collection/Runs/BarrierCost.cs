namespace Quire.Collection;

/// <summary>
/// What a plan's barrier costs a program: its processor time outside of pauses with the barrier and with it compiled out, in turn, while every collection is full and at once, as nobody needs the barrier then.
/// </summary>
public static class BarrierCost
{
    private const int Pairs = 3;

    /// <summary>Whether the program runs the same without it: not where counts are kept by it, and not where nothing is traced.</summary>
    public static bool IsSound(PlanSpecification plan, PlanSetup setup)
    {
        ArgumentNullException.ThrowIfNull(plan);
        using var heap = plan.Build(setup);
        return heap is not CountingPlan && plan.Descriptor.Has(PlanFeatures.Exact);
    }

    /// <summary>Nanoseconds, the least of three runs each; below 0 is noise.</summary>
    public static long Measure(PlanSpecification plan, ProgramSpecification program, PlanSetup setup)
    {
        ArgumentNullException.ThrowIfNull(setup);
        var (with, without) = (long.MaxValue, long.MaxValue);
        for (var i = 0; i < Pairs; i++)
        {
            with = Math.Min(with, HeapRun.Run(plan, program, setup with { Barriers = BarrierUse.Unneeded }).MutatorProcessor);
            without = Math.Min(without, HeapRun.Run(plan, program, setup with { Barriers = BarrierUse.CompiledOut }).MutatorProcessor);
        }

        return with - without;
    }
}
