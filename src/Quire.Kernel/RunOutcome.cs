using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel;

/// <summary>Why a run is over.</summary>
public enum RunEnd
{
    /// <summary>All processes have ended.</summary>
    Finished,

    /// <summary>The first program could not be started.</summary>
    NotStarted,

    /// <summary>Processes are left, each waits for something that nobody can bring about.</summary>
    Deadlock,

    /// <summary>The limit of instructions is reached.</summary>
    InstructionLimit,

    /// <summary>The limit of virtual time is reached.</summary>
    TimeLimit,

    /// <summary>The host asked for it.</summary>
    Interrupted,
}

/// <summary>How a run ended.</summary>
/// <param name="Status">Of the first process; meaningless when it was not started or has not ended.</param>
/// <param name="Error">Why the first program could not be started.</param>
/// <param name="Detail">For a deadlock: who waits where. For a program that was not started: why, in words.</param>
public sealed record RunOutcome(RunEnd End, ExitStatus Status, Errno Error, string Detail);
