using Quire.Kernel.Processes;
using Quire.Primitives;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernel.Tests.Processes;

public class SignalTests
{
    private const long Word = Guest.Scratch;
    private const long Mask = Guest.Scratch + 64;
    private const long Time = Guest.Scratch + 128;
    private const long Stack = Guest.Scratch + 0x1_0000;

    [Fact]
    public void HandlerGetsNumberSenderAndReturnsToWhereItCameFrom()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Handle(Signal.SIGUSR1, SignalActionFlags.None, () =>
            {
                guest.Code.mov(r13, __qword_ptr[rsi + 16]);
                guest.Print(rdi);
                guest.Code.mov(eax, r13d);
                guest.Print();
            });
            guest.Code.mov(r12, 77L);
            guest.Call(39);
            guest.Call(62, rax, (long)Signal.SIGUSR1);
            guest.Print();
            guest.Print(r12);
            guest.Exit(0);
        });
        Assert.Equal([(int)Signal.SIGUSR1, 1, 0, 77], printed);
    }

    [Fact]
    public void FaultHandlerCanRepairTheMappingAndTheInstructionRunsAgain()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            const long missing = 0x7000_0000;
            guest.Handle(Signal.SIGSEGV, SignalActionFlags.None, () =>
            {
                guest.Code.mov(eax, __dword_ptr[rsi + 8]);
                guest.Code.mov(r13, __qword_ptr[rsi + 16]);
                guest.Print();
                guest.Print(r13);
                guest.Call(9, missing, 4096, 3, 0x32, -1, 0);
            });
            guest.Store(missing + 8, 5);
            guest.PrintWordAt(missing + 8);
            guest.Exit(0);
        });
        Assert.Equal([SignalCode.SegvNotMapped, 0x7000_0008, 5], printed);
    }

    [Fact]
    public void HandlerMayChangeTheRegistersThatAreRestored()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Handle(Signal.SIGILL, SignalActionFlags.None, () =>
            {
                // ucontext: RIP at 40 + 128, past the two bytes of UD2; R12 at 40 + 32.
                guest.Code.add(__qword_ptr[rdx + 168], 2);
                guest.Code.mov(__qword_ptr[rdx + 72], 99);
            });
            guest.Code.mov(r12, 1L);
            guest.Code.ud2();
            guest.Print(r12);
            guest.Exit(0);
        });
        Assert.Equal([99], printed);
    }

    [Fact]
    public void FloatingPointStateSurvivesAHandlerThatUsesIt()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Handle(Signal.SIGUSR1, SignalActionFlags.None, () =>
            {
                guest.Code.movq(rax, xmm3);
                guest.Print();
                guest.Code.mov(rax, 1L);
                guest.Code.movq(xmm3, rax);
            });
            guest.Code.mov(rax, 42L);
            guest.Code.movq(xmm3, rax);
            guest.Call(62, 1, (long)Signal.SIGUSR1);
            guest.Code.movq(rax, xmm3);
            guest.Print();
            guest.Exit(0);
        });
        Assert.Equal([0, 42], printed);
    }

    [Fact]
    public void BlockedSignalWaitsUntilItIsUnblocked()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Handle(Signal.SIGUSR1, SignalActionFlags.None, () => guest.Print(rdi));
            guest.Store(Mask, 1L << ((int)Signal.SIGUSR1 - 1));
            guest.Call(14, 0, Mask, 0, 8);
            guest.Call(62, 1, (long)Signal.SIGUSR1);
            guest.Call(127, Word, 8);
            guest.PrintWordAt(Word);
            guest.Call(14, 1, Mask, 0, 8);
            guest.Print(-1);
            guest.Exit(0);
        });
        Assert.Equal([1L << ((int)Signal.SIGUSR1 - 1), (int)Signal.SIGUSR1, -1], printed);
    }

    // Offsets in the handler's ucontext (third argument): err 192, trapno 200, eflags 176, rip 168; in its siginfo (second): si_code 8, si_addr 16.
    [Theory]
    [InlineData("rsp", 7, 128, 0, 12, 0)]
    [InlineData("rbx", 11, 128, 0, 13, 0)]
    [InlineData("kernel", 11, 1, unchecked((long)0xFFFF_8000_0000_1000), 14, 7)]
    [InlineData("edge", 11, 1, 0x7FFF_FFFF_F000, 14, 7)]
    [InlineData("null", 11, 1, 0x10, 14, 6)]
    [InlineData("int 4", 11, 128, 0, 4, 0)]
    [InlineData("int 0x10", 11, 128, 0, 13, 0x82)]
    public void AFaultsFrameSaysWhatLinuxWouldSay(string what, int signal, int code, long address, int trap, int error)
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            foreach (var caught in (Signal[])[Signal.SIGBUS, Signal.SIGSEGV])
            {
                guest.Handle(caught, SignalActionFlags.OnStack, () =>
                {
                    guest.Code.mov(r12, rsi);
                    guest.Code.mov(r13, rdx);
                    guest.Print(rdi);
                    guest.Code.movsxd(rax, __dword_ptr[r12 + 8]);
                    guest.Print();
                    guest.Code.mov(rax, __qword_ptr[r12 + 16]);
                    guest.Print();
                    guest.Code.mov(rax, __qword_ptr[r13 + 200]);
                    guest.Print();
                    guest.Code.mov(rax, __qword_ptr[r13 + 192]);
                    guest.Print();
                    guest.Exit(0);
                });
            }

            guest.Store(Word, Word + 8192);
            guest.Store(Word + 8, 0);
            guest.Store(Word + 16, 8192);
            guest.Call(131, Word, 0);
            guest.Code.mov(rbx, what switch { "kernel" => 0xFFFF_8000_0000_1000, "edge" => 0x7FFF_FFFF_F000, "null" => 0x10, _ => 0xE000_0000_2000_0100UL });
            switch (what)
            {
                case "rsp":
                    guest.Code.mov(rsp, rbx);
                    guest.Code.push(rax);
                    break;
                case "int 4":
                    guest.Code.@int(4);
                    break;
                case "int 0x10":
                    guest.Code.@int(0x10);
                    break;
                default:
                    guest.Code.mov(__byte_ptr[rbx], al);
                    break;
            }
        });
        Assert.Equal([signal, code, address, trap, error], printed);
    }

    [Fact]
    public void TheTrapFlagTrapsBehindEachInstructionUntilAHandlerClearsIt()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Handle(Signal.SIGTRAP, SignalActionFlags.None, () =>
            {
                // The handler itself is not stepped through: its own flags have TF clear.
                guest.Code.inc(__qword_ptr[Word]);
                guest.Code.cmp(__qword_ptr[Word], 3);
                var more = guest.Code.CreateLabel();
                guest.Code.jne(more);
                guest.Code.and(__dword_ptr[rdx + 176], ~0x100);
                guest.Code.Label(ref more);
                guest.Code.mov(r12d, __dword_ptr[rsi + 8]);
                guest.Store(Word + 8, r12);
                guest.Code.mov(r13, __qword_ptr[rdx + 200]);
                guest.Store(Word + 16, r13);
            });
            SetTrapFlag(guest);
            for (var count = 0; count < 8; count++)
            {
                guest.Code.inc(r15);
            }

            guest.PrintWordAt(Word);
            guest.PrintWordAt(Word + 8);
            guest.PrintWordAt(Word + 16);
            guest.Exit(0);
        });
        Assert.Equal([3, SignalCode.TrapTrace, 1], printed);
    }

    [Fact]
    public void ATrapThatNobodyHandlesKillsAndANewProgramStartsWithoutTheFlag()
    {
        using var world = new GuestWorld();
        Assert.Equal(ExitStatus.Killed(Signal.SIGTRAP), world.Run(guest =>
        {
            SetTrapFlag(guest);
            guest.Code.nop();
            guest.Exit(0);
        }).Status);
        using var other = new GuestWorld();
        other.AddProgram("/next", guest => guest.Exit(9));
        var outcome = other.Run(guest =>
        {
            guest.Code.mov(eax, 59);
            guest.Code.lea(rdi, __[guest.Text("/next")]);
            guest.Code.xor(esi, esi);
            guest.Code.xor(edx, edx);
            SetTrapFlag(guest);
            guest.Code.syscall();
        });
        Assert.Equal(ExitStatus.Exited(9), outcome.Status);
    }

    private static void SetTrapFlag(Guest guest)
    {
        guest.Code.pushfq();
        guest.Code.or(__qword_ptr[rsp], 0x100);
        guest.Code.popfq();
    }

    [Theory]
    [InlineData(SignalActionFlags.None, 1)]
    [InlineData(SignalActionFlags.NoDefer, 2)]
    public void SignalIsBlockedInItsOwnHandlerUnlessNoDefer(SignalActionFlags flags, int nested)
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            // The first handler sends the signal again and then prints how many have begun.
            guest.Handle(Signal.SIGUSR1, flags, () =>
            {
                guest.Load(Word);
                guest.Code.inc(rax);
                guest.Code.mov(r14, rax);
                guest.Store(Word, r14);
                guest.Code.mov(rax, r14);
                guest.Code.dec(rax);
                guest.IfZero(() =>
                {
                    guest.Call(62, 1, (long)Signal.SIGUSR1);
                    guest.PrintWordAt(Word);
                });
            });
            guest.Call(62, 1, (long)Signal.SIGUSR1);
            guest.Exit(0);
        });
        Assert.Equal(nested, printed[0]);
    }

    [Fact]
    public void ResetHandlerRunsOnceThenTheDefaultKills()
    {
        using var world = new GuestWorld();
        var outcome = world.Run(guest =>
        {
            guest.Handle(Signal.SIGUSR1, SignalActionFlags.ResetHandler, () => guest.Print(rdi));
            guest.Call(62, 1, (long)Signal.SIGUSR1);
            guest.Call(62, 1, (long)Signal.SIGUSR1);
            guest.Exit(0);
        });
        Assert.Equal([(int)Signal.SIGUSR1], world.Printed);
        Assert.Equal(ExitStatus.Killed(Signal.SIGUSR1), outcome.Status);
    }

    [Fact]
    public void HandlerOnAlternateStackSurvivesARuinedStackPointer()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Store(Word, Stack);
            guest.Store(Word + 8, 0);
            guest.Store(Word + 16, 0x8000);
            guest.Call(131, Word, 0);
            guest.Handle(Signal.SIGSEGV, SignalActionFlags.OnStack, () =>
            {
                guest.Code.mov(rax, rsp);
                guest.Code.mov(rcx, Stack);
                guest.Code.sub(rax, rcx);
                guest.Code.shr(rax, 15);
                guest.Print();
                guest.Exit(0);
            });
            guest.Code.mov(rsp, 64L);
            guest.Code.push(rax);
        });
        Assert.Equal([0], printed);
    }

    [Fact]
    public void FaultWithoutAnyStackKills()
    {
        using var world = new GuestWorld();
        var outcome = world.Run(guest =>
        {
            guest.Handle(Signal.SIGSEGV, SignalActionFlags.None, () => guest.Exit(0));
            guest.Code.mov(rsp, 64L);
            guest.Code.push(rax);
        });
        Assert.Equal(ExitStatus.Killed(Signal.SIGSEGV), outcome.Status);
    }

    [Fact]
    public void FaultWhileItsSignalIsBlockedKills()
    {
        using var world = new GuestWorld();
        var outcome = world.Run(guest =>
        {
            guest.Handle(Signal.SIGSEGV, SignalActionFlags.None, () => guest.Exit(0));
            guest.Store(Mask, 1L << ((int)Signal.SIGSEGV - 1));
            guest.Call(14, 0, Mask, 0, 8);
            guest.Load(16);
        });
        Assert.Equal(ExitStatus.Killed(Signal.SIGSEGV), outcome.Status);
    }

    [Fact]
    public void DivisionByZeroIsSigfpe()
    {
        using var world = new GuestWorld();
        var outcome = world.Run(guest =>
        {
            guest.Code.xor(ecx, ecx);
            guest.Code.div(rcx);
        });
        Assert.Equal(ExitStatus.Killed(Signal.SIGFPE), outcome.Status);
    }

    [Fact]
    public void SignalInterruptsSleepAndTellsWhatIsLeft()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Handle(Signal.SIGALRM, SignalActionFlags.None, () => guest.Print(rdi));
            SetAlarm(guest, milliseconds: 100);
            guest.StoreTime(Time, 5, 0);
            guest.Call(35, Time, Word);
            guest.Print();
            guest.PrintWordAt(Word);
            guest.Exit(0);
        });
        Assert.Equal([(int)Signal.SIGALRM, Errno.EINTR.ToResult(), 4], printed);
    }

    [Fact]
    public void StopAndContinueDoNotDisturbASleep()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Call(57);
            guest.IfZero(() =>
            {
                guest.StoreTime(Time, 1, 0);
                guest.Call(35, Time, 0);
                guest.Print();
                guest.Exit(0);
            });
            guest.Code.mov(r12, rax);
            guest.StoreTime(Time, 0, 1_000_000);
            guest.Call(35, Time, 0);
            guest.Call(62, r12, (long)Signal.SIGSTOP);
            guest.Call(61, r12, 0, 2, 0);
            guest.Call(62, r12, (long)Signal.SIGCONT);
            guest.Call(61, r12, 0, 0, 0);
            guest.Exit(0);
        });
        Assert.Equal([0], printed);
        Assert.InRange(world.Kernel.Clock.Now.Seconds, 1, 1.1);
    }

    [Theory]
    [InlineData(SignalActionFlags.Restart, 2)]
    [InlineData(SignalActionFlags.None, -4)]
    public void WaitRestartsOnlyIfTheHandlerAllows(SignalActionFlags flags, int result)
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Handle(Signal.SIGALRM, flags, () => guest.Code.nop());
            guest.Call(57);
            guest.IfZero(() =>
            {
                guest.StoreTime(Time, 1, 0);
                guest.Call(35, Time, 0);
                guest.Exit(0);
            });
            SetAlarm(guest, milliseconds: 100);
            guest.Call(61, -1, 0, 0, 0);
            guest.Print();
            guest.Exit(0);
        });
        Assert.Equal([result], printed);
    }

    [Fact]
    public void SigsuspendRunsTheHandlerAndPutsTheMaskBack()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Handle(Signal.SIGUSR1, SignalActionFlags.None, () => guest.Print(rdi));
            guest.Store(Mask, 1L << ((int)Signal.SIGUSR1 - 1));
            guest.Call(14, 0, Mask, 0, 8);
            guest.Call(62, 1, (long)Signal.SIGUSR1);
            guest.Store(Word, 0);
            guest.Call(130, Word, 8);
            guest.Print();
            guest.Call(14, 0, 0, Word, 8);
            guest.PrintWordAt(Word);
            guest.Exit(0);
        });
        Assert.Equal([(int)Signal.SIGUSR1, Errno.EINTR.ToResult(), 1L << ((int)Signal.SIGUSR1 - 1)], printed);
    }

    [Fact]
    public void TimedWaitTakesABlockedSignalWithItsValueAndTimesOut()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Store(Mask, 1L << (40 - 1));
            guest.Call(14, 0, Mask, 0, 8);
            guest.StoreTime(Time, 0, 1_000_000);
            guest.Call(128, Mask, 0, Time, 8);
            guest.Print();
            guest.Store32(Word + 8, SignalCode.Queue);
            guest.Store(Word + 24, 1234);
            guest.Call(129, 1, 40, Word);
            guest.Call(129, 1, 40, Word);
            guest.Call(128, Mask, Word + 256, Time, 8);
            guest.Print();
            guest.PrintWordAt(Word + 256 + 24);
            guest.Call(128, Mask, Word + 256, Time, 8);
            guest.Print();
            guest.Exit(0);
        });
        Assert.Equal([Errno.EAGAIN.ToResult(), 40, 1234, 40], printed);
    }

    [Fact]
    public void QueuedSignalsAreLimited()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Store(Mask, 1L << (40 - 1));
            guest.Call(14, 0, Mask, 0, 8);
            guest.Store(Time, 3);
            guest.Store(Time + 8, 3);
            guest.Call(160, (long)Resource.PendingSignals, Time);
            guest.Store32(Word + 8, SignalCode.Queue);
            guest.Repeat(4, r15, () =>
            {
                guest.Call(129, 1, 40, Word);
                guest.Print();
            });
            guest.Exit(0);
        });
        Assert.Equal([0, 0, 0, Errno.EAGAIN.ToResult()], printed);
    }

    [Fact]
    public void SignalsToNobodyAndBadNumbersAreErrors()
    {
        using var world = new GuestWorld();
        var printed = world.Print(guest =>
        {
            guest.Call(62, 4711, 0);
            guest.Print();
            guest.Call(62, 1, 65);
            guest.Print();
            guest.Call(234, 1, 0, 0);
            guest.Print();
            guest.Exit(0);
        });
        Assert.Equal([Errno.ESRCH.ToResult(), Errno.EINVAL.ToResult(), Errno.EINVAL.ToResult()], printed);
    }

    private static void SetAlarm(Guest guest, long milliseconds)
    {
        guest.StoreTime(Time, 0, 0);
        guest.StoreTime(Time + 16, 0, milliseconds * 1_000);
        guest.Call(38, 0, Time, 0);
    }
}
