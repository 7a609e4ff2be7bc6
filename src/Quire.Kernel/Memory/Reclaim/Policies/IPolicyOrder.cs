using Quire.Hardware.Cpu;
using Quire.Primitives;

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

    /// <summary>An instruction faulted for the page that is in <paramref name="frame"/> now; the instruction itself is in <paramref name="code"/>.</summary>
    void EnterFaulted(FrameNumber frame, FrameNumber code);

    /// <summary>The program is about to go on with pages that are fresh: uses of them so far were the kernel's.</summary>
    void BeginRestart();

    void SettleFresh();

    /// <summary>To be called now and then: a policy with work at intervals does it.</summary>
    void TickIfDue();

    /// <summary>References in the order in which they were made.</summary>
    void Consume(ReadOnlySpan<FrameRun> runs);
}
