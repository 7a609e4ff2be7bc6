namespace Quire.Kernel.Memory.Swap;

/// <summary>Where a page is that is not in RAM: a slot of the machine's swap space. Slots of all areas are counted through from 1; 0 is none.</summary>
internal readonly record struct SwapEntry(uint Slot)
{
    public bool IsNone => Slot == 0;

    public override string ToString() => $"swap slot {Slot}";
}
