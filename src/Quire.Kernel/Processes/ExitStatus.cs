namespace Quire.Kernel.Processes;

/// <summary>How a process ended, in wait(2)'s encoding: exit code in bits 8-15, or the killing signal in bits 0-6 and 80h if core was dumped.</summary>
public readonly record struct ExitStatus(int Word)
{
    public bool IsKilled => (Word & 0x7F) != 0;

    public Signal Signal => (Signal)(Word & 0x7F);

    public bool IsCoreDumped => (Word & 0x80) != 0;

    public int Code => (Word >> 8) & 0xFF;

    /// <summary>The code a shell reports: the exit code, or 128 + signal.</summary>
    public int ShellCode => IsKilled ? 128 + (int)Signal : Code;

    public static ExitStatus Exited(int code) => new((code & 0xFF) << 8);

    public static ExitStatus Killed(Signal signal) => new((int)signal);

    /// <summary>There is a core file, whole or cut short.</summary>
    public ExitStatus WithCore() => new(Word | 0x80);
}
