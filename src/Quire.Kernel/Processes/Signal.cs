namespace Quire.Kernel.Processes;

/// <summary>Signal numbers of x86-64 Linux (signal(7)). 32 to 64 are the real-time signals, which have no names of their own.</summary>
public enum Signal
{
    None = 0,
    SIGHUP = 1,
    SIGINT = 2,
    SIGQUIT = 3,
    SIGILL = 4,
    SIGTRAP = 5,
    SIGABRT = 6,
    SIGBUS = 7,
    SIGFPE = 8,
    SIGKILL = 9,
    SIGUSR1 = 10,
    SIGSEGV = 11,
    SIGUSR2 = 12,
    SIGPIPE = 13,
    SIGALRM = 14,
    SIGTERM = 15,
    SIGSTKFLT = 16,
    SIGCHLD = 17,
    SIGCONT = 18,
    SIGSTOP = 19,
    SIGTSTP = 20,
    SIGTTIN = 21,
    SIGTTOU = 22,
    SIGURG = 23,
    SIGXCPU = 24,
    SIGXFSZ = 25,
    SIGVTALRM = 26,
    SIGPROF = 27,
    SIGWINCH = 28,
    SIGIO = 29,
    SIGPWR = 30,
    SIGSYS = 31,
    RealTimeFirst = 32,
    Last = 64,
}

/// <summary>A set of signals as the ABI's 64-bit sigset_t: bit N-1 is signal N.</summary>
public readonly record struct SignalSet(ulong Bits)
{
    public static readonly SignalSet Empty = new(0);
    public static readonly SignalSet Full = new(ulong.MaxValue);

    /// <summary>SIGKILL and SIGSTOP: never blocked, caught or ignored.</summary>
    public static readonly SignalSet Unblockable = Of(Signal.SIGKILL) | Of(Signal.SIGSTOP);

    /// <summary>Signals that stop a process by default.</summary>
    public static readonly SignalSet Stopping = Of(Signal.SIGSTOP) | Of(Signal.SIGTSTP) | Of(Signal.SIGTTIN) | Of(Signal.SIGTTOU);

    /// <summary>Signals that an instruction of the thread itself causes; they are taken before all others.</summary>
    public static readonly SignalSet Synchronous =
        Of(Signal.SIGSEGV) | Of(Signal.SIGBUS) | Of(Signal.SIGILL) | Of(Signal.SIGTRAP) | Of(Signal.SIGFPE) | Of(Signal.SIGSYS);

    /// <summary>Signals whose default action is to do nothing.</summary>
    public static readonly SignalSet IgnoredByDefault = Of(Signal.SIGCONT) | Of(Signal.SIGCHLD) | Of(Signal.SIGWINCH) | Of(Signal.SIGURG);

    /// <summary>Signals whose default action dumps core; only the flag in the wait status is kept.</summary>
    public static readonly SignalSet DumpsCore =
        Synchronous | Of(Signal.SIGQUIT) | Of(Signal.SIGABRT) | Of(Signal.SIGXCPU) | Of(Signal.SIGXFSZ);

    public bool IsEmpty => Bits == 0;

    public static SignalSet Of(Signal signal) => new(1UL << ((int)signal - 1));

    public bool Contains(Signal signal) => (Bits >> ((int)signal - 1) & 1) != 0;

    public static SignalSet operator |(SignalSet left, SignalSet right) => new(left.Bits | right.Bits);

    public static SignalSet operator &(SignalSet left, SignalSet right) => new(left.Bits & right.Bits);

    public static SignalSet operator ~(SignalSet set) => new(~set.Bits);
}
