using System.Text;
using Iced.Intel;
using Quire.Kernel.Processes;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernel.Tests.Processes;

/// <summary>An argument of guest code: a number, a register, or the address of data.</summary>
internal readonly struct Value
{
    private readonly ulong _number;
    private readonly AssemblerRegister64 _register;
    private readonly Label _label;
    private readonly Kind _kind;

    private Value(Kind kind, ulong number, AssemblerRegister64 register, Label label) => (_kind, _number, _register, _label) = (kind, number, register, label);

    private enum Kind
    {
        Number,
        Register,
        Label,
    }

    public static implicit operator Value(long number) => new(Kind.Number, (ulong)number, default, default);

    public static implicit operator Value(AssemblerRegister64 register) => new(Kind.Register, 0, register, default);

    public static implicit operator Value(Label label) => new(Kind.Label, 0, default, label);

    public void Load(Assembler code, AssemblerRegister64 into)
    {
        switch (_kind)
        {
            case Kind.Number:
                code.mov(into, _number);
                break;
            case Kind.Register:
                code.mov(into, _register);
                break;
            default:
                code.lea(into, __[_label]);
                break;
        }
    }
}

/// <summary>
/// Writes a guest program in machine code. Results of calls are in RAX; R12 to R15 are the test's own. Memory from <see cref="Scratch"/> on is zero,
/// readable and writable. What the program prints comes back to the test as 64-bit words.
/// </summary>
internal sealed class Guest
{
    public const long Scratch = 0x60_0000;
    public const int ScratchBytes = 1 << 20;

    private const long PrintBuffer = Scratch + ScratchBytes - 64;
    private const long StructBuffer = Scratch + ScratchBytes - 4096;
    private const long Stacks = Scratch + (ScratchBytes / 2);
    private const int StackBytes = 16 << 10;
    private const long ThreadFlags = 0x3D0F00;
    private static readonly AssemblerRegister64[] ArgumentRegisters = [rdi, rsi, rdx, r10, r8, r9];

    private readonly List<(Label Label, byte[] Bytes)> _data = [];
    private readonly List<(Label Label, Action Body)> _bodies = [];
    private int _threads;

    public Assembler Code { get; } = new(64);

    public void Call(long number, params Value[] arguments)
    {
        // Loaded from the last to the first, so that an argument may be a register that another one overwrites only afterwards.
        for (var index = arguments.Length - 1; index >= 0; index--)
        {
            arguments[index].Load(Code, ArgumentRegisters[index]);
        }

        Code.mov(rax, number);
        Code.syscall();
    }

    public void Exit(Value code)
    {
        code.Load(Code, rdi);
        Code.mov(rax, 231L);
        Code.syscall();
    }

    /// <summary>Prints the result of the last call.</summary>
    public void Print() => Print(rax);

    public void Print(Value value)
    {
        value.Load(Code, rax);
        Code.mov(rcx, PrintBuffer);
        Code.mov(__qword_ptr[rcx], rax);
        Call(1, 1, PrintBuffer, 8);
    }

    public void PrintWordAt(long address)
    {
        Load(address);
        Print();
    }

    /// <summary>RAX = the word at the address.</summary>
    public void Load(long address)
    {
        Code.mov(rax, address);
        Code.mov(rax, __qword_ptr[rax]);
    }

    public void Store(long address, Value value)
    {
        value.Load(Code, rax);
        Code.mov(rcx, address);
        Code.mov(__qword_ptr[rcx], rax);
    }

    public void Store32(long address, int value)
    {
        Code.mov(rcx, address);
        Code.mov(__dword_ptr[rcx], value);
    }

    /// <summary>Runs the body if RAX is zero; the code after it is common to both unless the body exits.</summary>
    public void IfZero(Action body)
    {
        var end = Code.CreateLabel();
        Code.test(rax, rax);
        Code.jne(end);
        body();
        Code.Label(ref end);
        Code.nop();
    }

    public void Repeat(int times, AssemblerRegister64 counter, Action body)
    {
        var again = Code.CreateLabel();
        Code.mov(counter, (long)times);
        Code.Label(ref again);
        body();
        Code.dec(counter);
        Code.jne(again);
    }

    public void Spin(int instructions)
    {
        var again = Code.CreateLabel();
        Code.mov(rax, (long)(instructions / 2));
        Code.Label(ref again);
        Code.dec(rax);
        Code.jne(again);
    }

    /// <summary>A string with its NUL.</summary>
    public Label Text(string text) => Data([.. Encoding.Latin1.GetBytes(text), 0]);

    public Label Data(byte[] bytes)
    {
        var label = Code.CreateLabel();
        _data.Add((label, bytes));
        return label;
    }

    /// <summary>Code that lies apart; it must end itself.</summary>
    public Label Body(Action body)
    {
        var label = Code.CreateLabel();
        _bodies.Add((label, body));
        return label;
    }

    /// <summary>rt_sigaction with a handler; in the body RDI is the signal, RSI its siginfo, RDX the ucontext. The body's end returns from the handler.</summary>
    public void Handle(Signal signal, SignalActionFlags flags, Action body)
    {
        var handler = Body(() =>
        {
            body();
            Code.ret();
        });
        var restorer = Body(() =>
        {
            Code.mov(rax, 15L);
            Code.syscall();
        });
        SetAction(signal, handler, flags | SignalActionFlags.SignalInfo | SignalActionFlags.Restorer, restorer);
    }

    public void SetAction(Signal signal, Value handler, SignalActionFlags flags, Value restorer)
    {
        Store(StructBuffer, handler);
        Store(StructBuffer + 8, (long)flags);
        Store(StructBuffer + 16, restorer);
        Store(StructBuffer + 24, 0);
        Call(13, (long)signal, StructBuffer, 0, 8);
    }

    /// <summary>A thread as pthread_create makes it, without its own thread-local storage; the word is its id while it lives.</summary>
    public void StartThread(long idWord, Action body)
    {
        _threads++;
        var stack = Stacks + (_threads * StackBytes) - 64;
        var start = Body(() =>
        {
            body();
            Call(60, 0);
        });
        Store(stack, start);
        Call(56, ThreadFlags, stack, idWord, idWord, 0);
        var isParent = Code.CreateLabel();
        Code.test(rax, rax);
        Code.jne(isParent);
        Code.ret();
        Code.Label(ref isParent);
        Code.nop();
    }

    /// <summary>pthread_join: waits until the kernel has cleared the word.</summary>
    public void Join(long idWord)
    {
        var again = Code.CreateLabel();
        var done = Code.CreateLabel();
        Code.Label(ref again);
        Code.mov(rax, idWord);
        Code.mov(eax, __dword_ptr[rax]);
        Code.test(eax, eax);
        Code.je(done);
        Code.mov(r10, 0L);
        Code.mov(rdx, rax);
        Code.mov(rdi, idWord);
        Code.mov(rsi, 0L);
        Code.mov(rax, 202L);
        Code.syscall();
        Code.jmp(again);
        Code.Label(ref done);
        Code.nop();
    }

    /// <summary>timespec or itimer halves at the address.</summary>
    public void StoreTime(long address, long seconds, long fraction)
    {
        Store(address, seconds);
        Store(address + 8, fraction);
    }

    public byte[] Assemble(ulong address)
    {
        for (var index = 0; index < _bodies.Count; index++)
        {
            var (label, body) = _bodies[index];
            Code.Label(ref label);
            body();
            Code.int3();
        }

        foreach (var (label, bytes) in _data)
        {
            var at = label;
            Code.Label(ref at);
            Code.db(bytes);
        }

        using var stream = new MemoryStream();
        Code.Assemble(new StreamCodeWriter(stream), address);
        return stream.ToArray();
    }
}
