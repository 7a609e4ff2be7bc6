namespace Quire.Kernel.Syscalls;

/// <summary>The x86-64 numbers of system calls that the kernel itself has to name; all others stand in their Add lines.</summary>
internal static class SyscallNumber
{
    public const long RestartSyscall = 219;
}
