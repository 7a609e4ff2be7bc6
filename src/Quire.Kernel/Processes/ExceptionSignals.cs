using System.Numerics;
using Quire.Hardware.Cpu;
using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>Turns a CPU's exceptions into the signals that Linux sends for them (arch/x86/kernel/traps.c, mm/fault.c).</summary>
internal sealed class ExceptionSignals(GuestKernel kernel)
{
    private const ushort X87StackFault = 1 << 6;
    private const int LongestInstruction = 15;

    public void Raise(GuestThread thread, in CpuExit exit)
    {
        var at = new VirtualAddress(thread.Registers.Rip);
        switch (exit.Reason)
        {
            case CpuExitReason.DivideError:
                Send(thread, new FaultState(FaultState.Divide, 0, default), SignalInfo.Fault(Signal.SIGFPE, SignalCode.FloatIntegerDivide, at));
                break;
            case CpuExitReason.InvalidOpcode:
                NoteInstruction(thread, at);
                Send(thread, new FaultState(FaultState.InvalidOpcode, 0, default), SignalInfo.Fault(Signal.SIGILL, SignalCode.IllegalOperand, at));
                break;
            case CpuExitReason.Breakpoint:
                Send(thread, new FaultState(FaultState.Breakpoint, 0, default), SignalInfo.FromKernel(Signal.SIGTRAP));
                break;
            case CpuExitReason.Overflow:
                Send(thread, new FaultState(FaultState.Overflow, 0, default), SignalInfo.FromKernel(Signal.SIGSEGV));
                break;
            case CpuExitReason.StackFault:
                Send(thread, new FaultState(FaultState.StackSegment, 0, default), SignalInfo.FromKernel(Signal.SIGBUS));
                break;
            case CpuExitReason.DebugInstruction:
                Send(thread, new FaultState(FaultState.Debug, 0, default), SignalInfo.Fault(Signal.SIGTRAP, SignalCode.TrapBreakpoint, at));
                break;
            case CpuExitReason.DebugTrap:
                Send(thread, new FaultState(FaultState.Debug, 0, default), SignalInfo.Fault(Signal.SIGTRAP, SignalCode.TrapTrace, at));
                break;
            case CpuExitReason.FloatingPointError:
                var trap = IsSimd(thread.Registers) ? FaultState.Simd : FaultState.X87;
                Send(thread, new FaultState(trap, 0, default), SignalInfo.Fault(Signal.SIGFPE, FloatingPointCode(thread.Registers), at));
                break;
            default:
                Send(thread, new FaultState(FaultState.Protection, (ulong)exit.Error, default), SignalInfo.FromKernel(Signal.SIGSEGV));
                break;
        }
    }

    public void RaiseFault(GuestThread thread, in CpuExit exit, FaultOutcome outcome)
    {
        var info = outcome switch
        {
            FaultOutcome.NotMapped => SignalInfo.Fault(Signal.SIGSEGV, SignalCode.SegvNotMapped, exit.Address),
            FaultOutcome.AccessDenied => SignalInfo.Fault(Signal.SIGSEGV, SignalCode.SegvAccess, exit.Address),
            _ => SignalInfo.Fault(Signal.SIGBUS, SignalCode.BusNoObject, exit.Address),
        };

        // Whether the kernel's half is mapped is nobody's business: it always looks protected (set_signal_archinfo).
        var error = exit.Error | (exit.Address.Value >= AddressLayout.UserEnd ? PageFaultError.Present : PageFaultError.None);
        Send(thread, new FaultState(FaultState.Page, (ulong)error, exit.Address), info);
    }

    private static void Send(GuestThread thread, FaultState state, in SignalInfo info)
    {
        // CR2 keeps its value until the next page fault.
        thread.LastFault = state.Trap == FaultState.Page ? state : state with { Address = thread.LastFault.Address };
        thread.Call.Number = CallInProgress.None;
        thread.Force(info);
    }

    // The first unmasked exception that is flagged: MXCSR flags 0-5, masks 7-12.
    private static bool IsSimd(in CpuRegisters registers) => (registers.Mxcsr & 0x3F & ~(registers.Mxcsr >> 7)) != 0;

    private static int FloatingPointCode(in CpuRegisters registers)
    {
        var flagged = IsSimd(registers)
            ? registers.Mxcsr & 0x3F & ~(registers.Mxcsr >> 7)
            : registers.X87Status & 0x3Fu & ~(uint)registers.X87Control;
        if (!IsSimd(registers) && (flagged & 1) != 0 && (registers.X87Status & X87StackFault) != 0)
        {
            return SignalCode.FloatInvalid;
        }

        return BitOperations.TrailingZeroCount(flagged) switch
        {
            0 => SignalCode.FloatInvalid,
            1 or 4 => SignalCode.FloatUnderflow,
            2 => SignalCode.FloatDivide,
            3 => SignalCode.FloatOverflow,
            _ => SignalCode.FloatInexact,
        };
    }

    private void NoteInstruction(GuestThread thread, VirtualAddress at)
    {
        Span<byte> bytes = stackalloc byte[LongestInstruction];
        var count = thread.Process.Space.CopyFromGuest(at, bytes);
        kernel.Remarks.CountInstruction(at, bytes[..count]);
    }
}
