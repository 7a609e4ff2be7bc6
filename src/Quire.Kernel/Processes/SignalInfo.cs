using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>What came with a signal: the guest's siginfo_t (include/uapi/asm-generic/siginfo.h), of which only the used union member is kept.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SignalInfo(Signal Signal, int Code)
{
    /// <summary>Bytes of siginfo_t in guest memory.</summary>
    public const int Size = 128;

    public int Error { get; init; }

    public SignalInfoShape Shape { get; init; } = SignalInfoShape.Sender;

    /// <summary>Sender or child; timer id for timers.</summary>
    public int ProcessId { get; init; }

    /// <summary>Sender's or child's user id; overrun count for timers.</summary>
    public uint UserId { get; init; }

    /// <summary>si_value, or the child's exit status or signal.</summary>
    public ulong Value { get; init; }

    /// <summary>The faulting address or instruction.</summary>
    public VirtualAddress Address { get; init; }

    /// <summary>Clock ticks of a hundredth of a second that a child used.</summary>
    public long UserTicks { get; init; }

    public long SystemTicks { get; init; }

    public static SignalInfo FromKernel(Signal signal) => new(signal, SignalCode.Kernel);

    public static SignalInfo FromUser(Signal signal, GuestThread sender, int code = SignalCode.User) =>
        new(signal, code) { ProcessId = sender.Process.ProcessId, UserId = (uint)sender.Process.Credentials.RealUserId };

    public static SignalInfo Fault(Signal signal, int code, VirtualAddress address) =>
        new(signal, code) { Shape = SignalInfoShape.Fault, Address = address };

    /// <summary>Writes the 128 bytes of siginfo_t.</summary>
    public void Encode(Span<byte> target)
    {
        target[..Size].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(target, (int)Signal);
        BinaryPrimitives.WriteInt32LittleEndian(target[4..], Error);
        BinaryPrimitives.WriteInt32LittleEndian(target[8..], Code);
        switch (Shape)
        {
            case SignalInfoShape.Fault:
                BinaryPrimitives.WriteUInt64LittleEndian(target[16..], Address.Value);
                break;
            case SignalInfoShape.Child:
                WriteIdentity(target);
                BinaryPrimitives.WriteInt32LittleEndian(target[24..], (int)Value);
                BinaryPrimitives.WriteInt64LittleEndian(target[32..], UserTicks);
                BinaryPrimitives.WriteInt64LittleEndian(target[40..], SystemTicks);
                break;
            case SignalInfoShape.File:
                BinaryPrimitives.WriteUInt64LittleEndian(target[16..], Value);
                BinaryPrimitives.WriteInt32LittleEndian(target[24..], ProcessId);
                break;
            default:
                WriteIdentity(target);
                BinaryPrimitives.WriteUInt64LittleEndian(target[24..], Value);
                break;
        }
    }

    /// <summary>Reads what rt_sigqueueinfo takes from the guest; the signal number comes from the call.</summary>
    public static SignalInfo Decode(ReadOnlySpan<byte> source, Signal signal) =>
        new(signal, BinaryPrimitives.ReadInt32LittleEndian(source[8..]))
        {
            Error = BinaryPrimitives.ReadInt32LittleEndian(source[4..]),
            ProcessId = BinaryPrimitives.ReadInt32LittleEndian(source[16..]),
            UserId = BinaryPrimitives.ReadUInt32LittleEndian(source[20..]),
            Value = BinaryPrimitives.ReadUInt64LittleEndian(source[24..]),
        };

    private void WriteIdentity(Span<byte> target)
    {
        BinaryPrimitives.WriteInt32LittleEndian(target[16..], ProcessId);
        BinaryPrimitives.WriteUInt32LittleEndian(target[20..], UserId);
    }
}

/// <summary>Which member of siginfo's union is in use.</summary>
public enum SignalInfoShape
{
    /// <summary>si_pid, si_uid, si_value; timers share the layout.</summary>
    Sender,

    /// <summary>si_pid, si_uid, si_status, si_utime, si_stime.</summary>
    Child,

    /// <summary>si_addr.</summary>
    Fault,

    /// <summary>si_band and si_fd, kept as value and process id.</summary>
    File,
}

/// <summary>si_code values.</summary>
public static class SignalCode
{
    public const int User = 0;
    public const int Kernel = 0x80;
    public const int Queue = -1;
    public const int Timer = -2;
    public const int ThreadKill = -6;

    public const int ChildExited = 1;
    public const int ChildKilled = 2;
    public const int ChildDumped = 3;
    public const int ChildTrapped = 4;
    public const int ChildStopped = 5;
    public const int ChildContinued = 6;

    public const int SegvNotMapped = 1;
    public const int SegvAccess = 2;
    public const int BusAlignment = 1;
    public const int BusNoObject = 2;
    public const int IllegalOperand = 2;
    public const int FloatIntegerDivide = 1;
    public const int FloatIntegerOverflow = 2;
    public const int FloatDivide = 3;
    public const int FloatOverflow = 4;
    public const int FloatUnderflow = 5;
    public const int FloatInexact = 6;
    public const int FloatInvalid = 7;
    public const int TrapBreakpoint = 1;
    public const int TrapTrace = 2;
}
