namespace Quire.Kernel.Memory.Reclaim;

/// <summary>What of <see cref="ReclaimCounters"/> memory.stat shows for each control group; the difference of two tallies is what happened between them.</summary>
internal readonly record struct ReclaimTally
{
    public long ScannedDirect { get; init; }

    public long ScannedBackground { get; init; }

    public long StolenDirect { get; init; }

    public long StolenBackground { get; init; }

    public long Refilled { get; init; }

    public long Activated { get; init; }

    public long Deactivated { get; init; }

    public long FreedOnAdvice { get; init; }

    public long RefaultsAnonymous { get; init; }

    public long RefaultsFile { get; init; }

    public long RefaultActivationsAnonymous { get; init; }

    public long RefaultActivationsFile { get; init; }

    public long RestoresAnonymous { get; init; }

    public long RestoresFile { get; init; }

    public long Scanned => ScannedDirect + ScannedBackground;

    public long Stolen => StolenDirect + StolenBackground;

    public static ReclaimTally Of(ReclaimCounters counters) => new()
    {
        ScannedDirect = counters.ScannedDirect,
        ScannedBackground = counters.ScannedBackground,
        StolenDirect = counters.StolenDirect,
        StolenBackground = counters.StolenBackground,
        Refilled = counters.Refilled,
        Activated = counters.Activated,
        Deactivated = counters.Deactivated,
        FreedOnAdvice = counters.FreedOnAdvice,
        RefaultsAnonymous = counters.RefaultsAnonymous,
        RefaultsFile = counters.RefaultsFile,
        RefaultActivationsAnonymous = counters.RefaultActivationsAnonymous,
        RefaultActivationsFile = counters.RefaultActivationsFile,
        RestoresAnonymous = counters.RestoresAnonymous,
        RestoresFile = counters.RestoresFile,
    };

    public static ReclaimTally operator +(in ReclaimTally a, in ReclaimTally b) => new()
    {
        ScannedDirect = a.ScannedDirect + b.ScannedDirect,
        ScannedBackground = a.ScannedBackground + b.ScannedBackground,
        StolenDirect = a.StolenDirect + b.StolenDirect,
        StolenBackground = a.StolenBackground + b.StolenBackground,
        Refilled = a.Refilled + b.Refilled,
        Activated = a.Activated + b.Activated,
        Deactivated = a.Deactivated + b.Deactivated,
        FreedOnAdvice = a.FreedOnAdvice + b.FreedOnAdvice,
        RefaultsAnonymous = a.RefaultsAnonymous + b.RefaultsAnonymous,
        RefaultsFile = a.RefaultsFile + b.RefaultsFile,
        RefaultActivationsAnonymous = a.RefaultActivationsAnonymous + b.RefaultActivationsAnonymous,
        RefaultActivationsFile = a.RefaultActivationsFile + b.RefaultActivationsFile,
        RestoresAnonymous = a.RestoresAnonymous + b.RestoresAnonymous,
        RestoresFile = a.RestoresFile + b.RestoresFile,
    };

    public static ReclaimTally operator -(in ReclaimTally a, in ReclaimTally b) => new()
    {
        ScannedDirect = a.ScannedDirect - b.ScannedDirect,
        ScannedBackground = a.ScannedBackground - b.ScannedBackground,
        StolenDirect = a.StolenDirect - b.StolenDirect,
        StolenBackground = a.StolenBackground - b.StolenBackground,
        Refilled = a.Refilled - b.Refilled,
        Activated = a.Activated - b.Activated,
        Deactivated = a.Deactivated - b.Deactivated,
        FreedOnAdvice = a.FreedOnAdvice - b.FreedOnAdvice,
        RefaultsAnonymous = a.RefaultsAnonymous - b.RefaultsAnonymous,
        RefaultsFile = a.RefaultsFile - b.RefaultsFile,
        RefaultActivationsAnonymous = a.RefaultActivationsAnonymous - b.RefaultActivationsAnonymous,
        RefaultActivationsFile = a.RefaultActivationsFile - b.RefaultActivationsFile,
        RestoresAnonymous = a.RestoresAnonymous - b.RestoresAnonymous,
        RestoresFile = a.RestoresFile - b.RestoresFile,
    };
}
