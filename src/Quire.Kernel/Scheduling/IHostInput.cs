namespace Quire.Kernel.Scheduling;

/// <summary>The files of the host that guests read and that may have nothing to give yet: a terminal, a pipe on standard input.</summary>
public interface IHostInput
{
    /// <summary>A guest sleeps until one of them has input.</summary>
    bool IsAwaited { get; }

    /// <summary>Looks without blocking; wakes the readiness queues of files that became ready.</summary>
    void Look();

    /// <summary>Blocks the host thread until one is ready, <see cref="Interrupt"/> is called or the time is over; then as <see cref="Look"/>.</summary>
    void Block(TimeSpan longest);

    /// <summary>Ends a <see cref="Block"/> early. The only member that other host threads call.</summary>
    void Interrupt();
}
