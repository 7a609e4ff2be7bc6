using Quire.Primitives;

namespace Quire.Kernel.Pressure;

/// <summary>Whoever set a trigger, and can give memory back when told.</summary>
internal interface IPressureWatcher
{
    /// <summary>What it has, in RAM and in swap.</summary>
    long Pages { get; }

    /// <summary>Others wait until then for what it gives back; it may use a part of the last frames for that.</summary>
    VirtualTime MakesRoomUntil { get; set; }
}
