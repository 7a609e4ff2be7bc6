using System.Globalization;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Reclaim;

/// <summary>How the frames that a process may have are counted out, with local replacement.</summary>
public enum AllotmentRule
{
    /// <summary>Each process as many as any other.</summary>
    Fixed,

    /// <summary>Of the frames that there are, each process a share as large as its address space is of all.</summary>
    Proportional,

    /// <summary>A process that faults often gets more, one that faults rarely fewer (Chu and Opderbeck, AFIPS 1972).</summary>
    FaultFrequency,
}

/// <summary>Local replacement: a process that faults at its allotment loses a page of its own, and no other process one.</summary>
/// <param name="Frames">Of each process with <see cref="AllotmentRule.Fixed"/>; what it begins with otherwise.</param>
/// <param name="Low">A fault that follows the last one sooner, in the CPU time of the process, gains it a frame.</param>
/// <param name="High">A fault that follows the last one later costs it a frame.</param>
public sealed record FrameAllotment(AllotmentRule Rule, int Frames, VirtualTime Low, VirtualTime High)
{
    /// <summary>What one instruction can need at once, with room for the kernel's copies: code, two operands and stack, each across two pages.</summary>
    public const int Least = 16;

    public const string Syntax = "global, local:fixed=FRAMES, local:proportional or local:pff[=LOW,HIGH] (microseconds of CPU time between faults)";

    private const int First = 64;

    private static readonly VirtualTime StandardLow = VirtualTime.FromMicroseconds(100);
    private static readonly VirtualTime StandardHigh = VirtualTime.FromMicroseconds(1000);

    /// <summary>Reads what <see cref="Syntax"/> says; null for global replacement.</summary>
    /// <exception cref="FormatException">It is something else; the message says what is wrong.</exception>
    public static FrameAllotment? Parse(string text)
    {
        var equals = text.IndexOf('=');
        var (name, value) = equals < 0 ? (text, null) : (text[..equals], text[(equals + 1)..]);
        return (name, value) switch
        {
            ("global", null) => null,
            ("local:proportional", null) => new FrameAllotment(AllotmentRule.Proportional, First, StandardLow, StandardHigh),
            ("local:pff", null) => new FrameAllotment(AllotmentRule.FaultFrequency, First, StandardLow, StandardHigh),
            ("local:fixed", not null) => new FrameAllotment(AllotmentRule.Fixed, ReadNumber(value, Least, int.MaxValue), StandardLow, StandardHigh),
            ("local:pff", not null) => ReadFrequency(value),
            _ => throw new FormatException($"'{text}' is none of {Syntax}"),
        };
    }

    private static FrameAllotment ReadFrequency(string text)
    {
        var bounds = text.Split(',');
        if (bounds.Length != 2)
        {
            throw new FormatException($"'{text}' is not LOW,HIGH");
        }

        var low = ReadNumber(bounds[0], 0, int.MaxValue);
        var high = ReadNumber(bounds[1], low, int.MaxValue);
        return new FrameAllotment(AllotmentRule.FaultFrequency, First, VirtualTime.FromMicroseconds(low), VirtualTime.FromMicroseconds(high));
    }

    private static int ReadNumber(string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new FormatException($"'{text}' is not a whole number from {least}" + (most == int.MaxValue ? "" : $" to {most}"));
}
