namespace Quire.Replacement;

/// <summary>
/// Chooses which frame to give up. A policy sees frames (0 .. frames-1), reference bits and an opaque page identity, never who owns a page;
/// so the same object evicts for the kernel and in replay.
/// <para>
/// Order of calls for a fault: <see cref="Evict"/> while no frame is free, then <see cref="Admit"/> with the frame that was filled. The
/// reference that faulted is part of <see cref="Admit"/>: it is not reported again by <see cref="Touch"/>. Background reclaim calls
/// <see cref="Evict"/> with <see cref="Arrival.None"/>.
/// </para>
/// <para>Invariant kept by the caller: a frame is admitted once before it is touched, evicted or removed, and after that not until it is admitted again.</para>
/// </summary>
public interface IReplacementPolicy
{
    /// <summary>A page has been brought into <paramref name="frame"/>.</summary>
    void Admit(int frame, in Arrival arrival);

    /// <summary>
    /// The page in <paramref name="frame"/> was referenced <paramref name="count"/> times in a row, the last time at <paramref name="time"/>.
    /// Called only for policies whose <see cref="InformationSource"/> is not reference bits.
    /// </summary>
    void Touch(int frame, int count, long time);

    /// <summary>The next use of a page that is never used again.</summary>
    const long Never = long.MaxValue;

    /// <summary>
    /// The page in <paramref name="frame"/> is used next at <paramref name="nextUse"/>. Called after each admission and each touch, and only for
    /// policies whose <see cref="InformationSource"/> is <see cref="InformationSource.Future"/>.
    /// </summary>
    void SetNextUse(int frame, long nextUse)
    {
    }

    /// <summary>
    /// Gives up one frame and forgets it. <paramref name="shadow"/> is what the policy wants to be shown again if the same page returns
    /// (<see cref="Arrival.NoShadow"/> or a number from 0); the owner keeps it where the page was, as Linux keeps shadow entries.
    /// Returns -1 if every frame is pinned or empty.
    /// </summary>
    int Evict(in Arrival incoming, out int shadow);

    /// <summary>The page in <paramref name="frame"/> went away for another reason (unmapped, freed, locked): the policy forgets it.</summary>
    void Remove(int frame);
}

/// <summary>A page that faults: who it is, what the policy left where it was, and when it comes.</summary>
/// <param name="Page">Identity of the page, the same each time it comes; opaque to the policy.</param>
/// <param name="Shadow">What <see cref="IReplacementPolicy.Evict"/> returned when the page last left, or <see cref="NoShadow"/>.</param>
/// <param name="Time">Virtual time of the reference: references counted from 1 in replay and wherever each is reported; in the kernel, for policies by reference bits, nanoseconds that programs have run.</param>
public readonly record struct Arrival(ulong Page, int Shadow, long Time)
{
    public const int NoShadow = -1;

    /// <summary>Nobody comes in: a frame is wanted in the background.</summary>
    public static Arrival None(long time) => new(ulong.MaxValue, NoShadow, time);
}

/// <summary>What a policy must be told. In replay all of it is exact; in the kernel it decides how fast the processor may run.</summary>
public enum InformationSource
{
    /// <summary>Accessed and dirty bits, read when the policy scans.</summary>
    ReferenceBits,

    /// <summary>Each reference, by <see cref="IReplacementPolicy.Touch"/>.</summary>
    EveryReference,

    /// <summary>Each reference and the time of the page's next one (<see cref="IReplacementPolicy.SetNextUse"/>).</summary>
    Future,
}

/// <summary>What a policy needs to know of touches that follow one another with no other call between them.</summary>
public enum TouchDetail
{
    /// <summary>Each of them, in order.</summary>
    EachInTurn,

    /// <summary>Of each frame the number of references and the time of the last, told in the order of the last ones.</summary>
    LastOfEachFrame,
}

/// <summary>A policy with work at fixed intervals of virtual time, such as shifting aging counters.</summary>
public interface ITimedPolicy
{
    /// <summary>Virtual time between two ticks, at least 1.</summary>
    long TickInterval { get; }

    void Tick(long time);
}

/// <summary>A policy that gives frames back by itself: its resident set grows and shrinks with the program's demand.</summary>
public interface IVariableSpacePolicy
{
    /// <summary>
    /// Called before the reference at <paramref name="time"/> until it returns false, and right after the reference before it with <see cref="Demand.None"/>,
    /// so that what a reference lets go is gone before resident pages are counted. A frame it returns is free and forgotten by the policy.
    /// </summary>
    bool TryRelease(long time, Demand demand, out int frame);
}

public enum Demand
{
    /// <summary>It is not known yet what the reference wants.</summary>
    None,
    Hit,
    Fault,
}

/// <summary>A policy that can say in the terms of its paper what it holds, for step tables and explanations.</summary>
public interface IDescribesState
{
    /// <summary>One line, such as "T1 [7 2] T2 [0] p=1"; <paramref name="pageIn"/> names the page in a frame.</summary>
    string DescribeState(Func<int, string> pageIn);
}
