using Quire.Hardware.Cpu;

namespace Quire.Kernel.Memory.Reclaim.Policies;

/// <summary>What an order by a policy needs of the kernel beyond reclaim.</summary>
internal interface IPolicyOrder : IFrameOrder
{
    /// <summary>Pages that the policy may have; the number that it was built for if nothing else is said.</summary>
    int Allotment { get; set; }

    /// <summary>
    /// Pages have come in whose accessed bit must go, or for which others must go, once the instruction that faulted has restarted.
    /// </summary>
    bool HasFresh { get; }

    void SettleFresh();

    /// <summary>To be called now and then: a policy with work at intervals does it.</summary>
    void TickIfDue();

    /// <summary>References in the order in which they were made.</summary>
    void Consume(ReadOnlySpan<FrameRun> runs);
}
