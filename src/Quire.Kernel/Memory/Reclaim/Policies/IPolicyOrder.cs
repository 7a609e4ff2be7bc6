using Quire.Hardware.Cpu;

namespace Quire.Kernel.Memory.Reclaim.Policies;

/// <summary>What an order by a policy needs of the kernel beyond reclaim.</summary>
internal interface IPolicyOrder : IFrameOrder
{
    /// <summary>Pages admitted: the faults that a replay of the same references counts.</summary>
    long Admissions { get; }

    /// <summary>Pages have come in whose accessed bit must go once the instruction that faulted has restarted.</summary>
    bool HasFresh { get; }

    void SettleFresh();

    /// <summary>To be called now and then: a policy with work at intervals does it.</summary>
    void TickIfDue();

    /// <summary>References in the order in which they were made.</summary>
    void Consume(ReadOnlySpan<FrameRun> runs);
}
