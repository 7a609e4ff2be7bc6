namespace Quire.Kernel.Memory.Reclaim;

/// <summary>What an order leaves where a page was, to be shown when the page returns (Linux's shadow entries, mm/workingset.c). 30 bits; the order's own business.</summary>
internal readonly record struct Shadow(uint Value)
{
    public const int Bits = 30;

    private const uint NothingLeft = uint.MaxValue;

    public static Shadow None { get; } = new(NothingLeft);

    public bool IsNone => Value == NothingLeft;
}
