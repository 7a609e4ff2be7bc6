using Quire.Kernel.Processes;

namespace Quire.Kernel.Syscalls;

/// <summary>The six argument registers of a system call: RDI RSI RDX R10 R8 R9.</summary>
public readonly record struct SyscallArguments(ulong A0, ulong A1, ulong A2, ulong A3, ulong A4, ulong A5);

/// <summary>Does a system call; gives its RAX: a value or a negative errno.</summary>
public delegate ValueTask<long> SyscallHandler(GuestThread thread, SyscallArguments arguments);

/// <param name="ArgumentFormat">Comma-separated kinds that say how a trace prints the arguments.</param>
public sealed record Syscall(int Number, string Name, string ArgumentFormat, SyscallHandler Handler);

/// <summary>The one registry of system calls, by x86-64 number.</summary>
public sealed class SyscallTable
{
    private readonly Syscall?[] _calls = new Syscall?[512];

    public void Add(int number, string name, string argumentFormat, SyscallHandler handler) =>
        _calls[number] = new Syscall(number, name, argumentFormat, handler);

    public Syscall? Find(ulong number) => number < (ulong)_calls.Length ? _calls[number] : null;
}
