using Quire.Primitives;

namespace Quire.Kernel.Scheduling;

/// <summary>Waits that a thread has run up and not served yet.</summary>
/// <param name="Device">For devices, whatever the reason.</param>
/// <param name="Refault">Of that, what enough memory would have spared it: <see cref="Memory.KernelMemory.BeginStall"/>.</param>
/// <param name="Throttle">For being above memory.high.</param>
internal readonly record struct WaitDebt(VirtualTime Device, VirtualTime Refault, VirtualTime Throttle)
{
    public VirtualTime All => Device + Throttle;

    public static WaitDebt operator +(WaitDebt a, WaitDebt b) => new(a.Device + b.Device, a.Refault + b.Refault, a.Throttle + b.Throttle);
}
