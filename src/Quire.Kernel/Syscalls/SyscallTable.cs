using Quire.Kernel.Processes;

namespace Quire.Kernel.Syscalls;

/// <summary>The six argument registers of a system call: RDI RSI RDX R10 R8 R9.</summary>
public readonly record struct SyscallArguments(ulong A0, ulong A1, ulong A2, ulong A3, ulong A4, ulong A5);

/// <summary>Does a system call that may sleep; gives its RAX: a value or a negative errno.</summary>
public delegate ValueTask<long> SyscallHandler(GuestThread thread, SyscallArguments arguments);

/// <summary>Does a system call that never sleeps.</summary>
public delegate long ImmediateSyscallHandler(GuestThread thread, SyscallArguments arguments);

/// <summary>A system call: one of Handler and Immediate is there.</summary>
/// <param name="ArgumentFormat">Comma-separated kinds that say how a trace prints the arguments.</param>
public sealed record Syscall(int Number, string Name, string ArgumentFormat, SyscallHandler? Handler, ImmediateSyscallHandler? Immediate)
{
    /// <summary>Known, and refused whatever is asked for.</summary>
    public bool IsRefused { get; init; }

    /// <summary>How often it was called.</summary>
    public long Count { get; internal set; }
}

/// <summary>The one registry of system calls, by x86-64 number.</summary>
public sealed class SyscallTable
{
    private readonly Syscall?[] _calls = new Syscall?[512];

    public IEnumerable<Syscall> All => _calls.OfType<Syscall>();

    public void Add(int number, string name, string argumentFormat, SyscallHandler handler) =>
        Add(new Syscall(number, name, argumentFormat, handler, Immediate: null));

    public void AddImmediate(int number, string name, string argumentFormat, ImmediateSyscallHandler handler) =>
        Add(new Syscall(number, name, argumentFormat, Handler: null, handler));

    /// <summary>A call that only ever fails.</summary>
    public void AddRefused(int number, string name, string argumentFormat, long result) =>
        Add(new Syscall(number, name, argumentFormat, Handler: null, (_, _) => result) { IsRefused = true });

    public Syscall? Find(ulong number) => number < (ulong)_calls.Length ? _calls[number] : null;

    private void Add(Syscall syscall)
    {
        if (_calls[syscall.Number] is { } other)
        {
            throw new InvalidOperationException($"system call {syscall.Number} is both {other.Name} and {syscall.Name}");
        }

        _calls[syscall.Number] = syscall;
    }
}
