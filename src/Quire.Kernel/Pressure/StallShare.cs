using Quire.Primitives;

namespace Quire.Kernel.Pressure;

/// <summary>The part of a machine's possible work that is lost just now: so many of so many.</summary>
internal readonly record struct StallShare(int Lost, int Possible)
{
    public static StallShare None { get; } = new(0, 1);

    /// <summary>Nanoseconds lost in that span.</summary>
    public long Of(VirtualTime span) =>
        Lost == 0 ? 0
        : Lost == Possible ? span.Nanoseconds
        : (long)((Int128)span.Nanoseconds * Lost / Possible);
}
