using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Caching;

/// <summary>
/// What a page index has for one page: nothing, the frame, where the page went, or what reclaim left when it went (Linux's exceptional, later value, entries).
/// <code>
///  31..30    29..0
///  kind      frame number, shadow, or swap slot
/// </code>
/// </summary>
internal readonly record struct PagePlace
{
    /// <summary>Frames of RAM and slots of swap space are fewer than this: 4 TiB of each.</summary>
    public const uint Limit = 1u << KindShift;

    private const int KindShift = 30;
    private const uint ShadowKind = 1u << KindShift;
    private const uint SwapKind = 2u << KindShift;
    private const uint NumberMask = Limit - 1;

    public PagePlace(uint value)
    {
        Value = value;
    }

    public PagePlace(FrameNumber frame)
    {
        Value = frame.Value;
    }

    public PagePlace(SwapEntry entry)
    {
        Value = SwapKind | entry.Slot;
    }

    public PagePlace(Shadow shadow)
    {
        Value = ShadowKind | shadow.Value;
    }

    public static PagePlace Nothing { get; } = new(uint.MaxValue);

    public uint Value { get; }

    public bool IsNothing => Value == uint.MaxValue;

    public bool IsFrame => Value < Limit;

    public bool IsSwapped => Value >> KindShift == SwapKind >> KindShift;

    public bool IsShadow => Value >> KindShift == ShadowKind >> KindShift;

    /// <summary>None, if nothing was left here.</summary>
    public Shadow Shadow => IsShadow ? new Shadow(Value & NumberMask) : Shadow.None;

    /// <summary>None, if no frame is here.</summary>
    public FrameNumber Frame => IsFrame ? new FrameNumber(Value) : FrameNumber.None;

    public SwapEntry SwapEntry => new(Value & NumberMask);
}
