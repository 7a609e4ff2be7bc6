namespace Quire.Allocation;

/// <summary>Names a block of a <see cref="MovableHeap"/>. Slot numbers are used again; the generation, never 0, tells an old handle from a new one. The default names nothing.</summary>
public readonly record struct MovableHandle(int Slot, uint Generation);
