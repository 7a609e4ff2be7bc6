using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Quire.Hardware.Cpu;
using Quire.Hardware.Cpu.X87;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>
/// The frame that a signal handler finds on its stack and that sigreturn reads back (Linux: arch/x86/include/asm/sigframe.h, struct
/// rt_sigframe; arch/x86/include/uapi/asm/sigcontext.h). From the stack pointer up:
/// <code>
///   0  return address (the restorer)
///   8  uc_flags   16 uc_link   24 uc_stack {sp, flags, size}
///  48  sigcontext: r8..r15, di, si, bp, bx, dx, ax, cx, sp, ip, flags, {cs gs fs ss}, err, trapno, oldmask, cr2, fpstate, 8 reserved
/// 304  uc_sigmask
/// 312  siginfo (128 bytes)
/// 440  ... up to the FXSAVE image (512 bytes, 64-byte aligned) that fpstate points to
/// </code>
/// </summary>
internal static class SignalFrame
{
    private const int Size = 440;
    private const int StackOffset = 24;
    private const int ContextOffset = 48;
    private const int MaskOffset = 304;
    private const int InfoOffset = 312;

    // Offsets inside sigcontext after the sixteen general registers.
    private const int InstructionPointer = 128;
    private const int Flags = 136;
    private const int Selectors = 144;
    private const int Error = 152;
    private const int Trap = 160;
    private const int OldMask = 168;
    private const int FaultAddress = 176;
    private const int FloatingPoint = 184;

    private const ulong RedZone = 128;
    private const ulong ContextFlags = 0x6;  // UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS
    private const ulong UserSelectors = 0x0033 | (0x002BUL << 48);
    private const ulong RestorableFlags =
        RFlags.Arithmetic | RFlags.Trap | RFlags.Direction | RFlags.AlignmentCheck | (1 << 16);

    private static ReadOnlySpan<GeneralRegister> ContextOrder =>
    [
        GeneralRegister.R8, GeneralRegister.R9, GeneralRegister.R10, GeneralRegister.R11,
        GeneralRegister.R12, GeneralRegister.R13, GeneralRegister.R14, GeneralRegister.R15,
        GeneralRegister.Rdi, GeneralRegister.Rsi, GeneralRegister.Rbp, GeneralRegister.Rbx,
        GeneralRegister.Rdx, GeneralRegister.Rax, GeneralRegister.Rcx, GeneralRegister.Rsp,
    ];

    /// <summary>Builds the frame and points the thread at its handler. False if the stack cannot hold it; then nothing has changed.</summary>
    [SkipLocalsInit]
    public static bool TryPush(GuestThread thread, in SignalInfo info, SignalAction action)
    {
        if ((action.Flags & SignalActionFlags.Restorer) == 0
            || !TryPlace(thread, action, out var frameAt, out var floatingPointAt))
        {
            return false;
        }

        Span<byte> frame = stackalloc byte[Size];
        frame.Clear();
        ref var registers = ref thread.Registers;
        var stack = thread.AlternateStack;
        BinaryPrimitives.WriteUInt64LittleEndian(frame, action.Restorer);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[8..], ContextFlags);
        EncodeStack(stack, new VirtualAddress(registers[GeneralRegister.Rsp]), frame[StackOffset..]);
        WriteContext(thread, frame[ContextOffset..], floatingPointAt);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[MaskOffset..], (thread.MaskToRestore ?? thread.SignalMask).Bits);
        info.Encode(frame[InfoOffset..]);

        Span<byte> floatingPoint = stackalloc byte[FxSaveArea.Size];
        floatingPoint.Clear();
        FxSaveArea.Write(registers, floatingPoint);
        var space = thread.Process.Space;
        if (space.CopyToGuest(floatingPointAt, floatingPoint) < FxSaveArea.Size || space.CopyToGuest(frameAt, frame) < Size)
        {
            return false;
        }

        if (stack.Disarms)
        {
            thread.AlternateStack = AlternateStack.None;
        }

        registers[GeneralRegister.Rsp] = frameAt.Value;
        registers[GeneralRegister.Rdi] = (ulong)info.Signal;
        registers[GeneralRegister.Rsi] = frameAt.Value + InfoOffset;
        registers[GeneralRegister.Rdx] = frameAt.Value + 8;
        registers[GeneralRegister.Rax] = 0;
        registers.Rip = action.Handler;
        registers.Flags &= ~(RFlags.Direction | RFlags.Trap);
        FxSaveArea.Reset(ref registers);
        return true;
    }

    /// <summary>Undoes <see cref="TryPush"/> from what the handler left on the stack. False if the frame cannot be read.</summary>
    [SkipLocalsInit]
    public static bool TryPop(GuestThread thread)
    {
        ref var registers = ref thread.Registers;
        var frameAt = new VirtualAddress(registers[GeneralRegister.Rsp] - sizeof(ulong));
        var space = thread.Process.Space;
        Span<byte> frame = stackalloc byte[Size];
        if (space.CopyFromGuest(frameAt, frame) < Size)
        {
            return false;
        }

        var context = frame[ContextOffset..];
        var floatingPointAt = BinaryPrimitives.ReadUInt64LittleEndian(context[FloatingPoint..]);
        Span<byte> floatingPoint = stackalloc byte[FxSaveArea.Size];
        if (floatingPointAt == 0)
        {
            FxSaveArea.Reset(ref registers);
        }
        else if (space.CopyFromGuest(new VirtualAddress(floatingPointAt), floatingPoint) < FxSaveArea.Size)
        {
            return false;
        }
        else
        {
            FxSaveArea.Read(floatingPoint, ref registers);
        }

        for (var index = 0; index < ContextOrder.Length; index++)
        {
            registers[ContextOrder[index]] = BinaryPrimitives.ReadUInt64LittleEndian(context[(index * 8)..]);
        }

        registers.Rip = BinaryPrimitives.ReadUInt64LittleEndian(context[InstructionPointer..]);
        var flags = BinaryPrimitives.ReadUInt64LittleEndian(context[Flags..]);
        registers.Flags = (registers.Flags & ~RestorableFlags) | (flags & RestorableFlags);
        thread.SignalMask = new SignalSet(BinaryPrimitives.ReadUInt64LittleEndian(frame[MaskOffset..])) & ~SignalSet.Unblockable;
        RestoreStack(thread, frame[StackOffset..]);
        return true;
    }

    /// <summary>stack_t as uc_stack and sigaltstack show it.</summary>
    public static void EncodeStack(AlternateStack stack, VirtualAddress stackPointer, Span<byte> target)
    {
        target[..AlternateStack.Size].Clear();
        var flags = stack.Flags | (stack.Holds(stackPointer) ? AlternateStackFlags.InUse : AlternateStackFlags.None);
        BinaryPrimitives.WriteUInt64LittleEndian(target, stack.Start.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(target[8..], (uint)flags);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], stack.Length);
    }

    public static AlternateStack DecodeStack(ReadOnlySpan<byte> source) => new(
        new VirtualAddress(BinaryPrimitives.ReadUInt64LittleEndian(source)),
        BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
        (AlternateStackFlags)BinaryPrimitives.ReadUInt32LittleEndian(source[8..]));

    private static bool TryPlace(GuestThread thread, SignalAction action, out VirtualAddress frame, out VirtualAddress floatingPoint)
    {
        var stack = thread.AlternateStack;
        var top = new VirtualAddress(thread.Registers[GeneralRegister.Rsp] - RedZone);
        var nested = stack.Holds(top);
        var switches = (action.Flags & SignalActionFlags.OnStack) != 0 && stack.IsEnabled && !stack.Holds(new VirtualAddress(thread.Registers[GeneralRegister.Rsp]));
        if (switches)
        {
            top = stack.Start + stack.Length;
        }

        floatingPoint = new VirtualAddress((top.Value - FxSaveArea.Size) & ~63UL);
        frame = new VirtualAddress(((floatingPoint.Value - Size) & ~15UL) - 8);

        // An alternate stack that is too small must not be overrun into what lies below it.
        return !(switches || nested) || frame >= stack.Start;
    }

    private static void WriteContext(GuestThread thread, Span<byte> context, VirtualAddress floatingPointAt)
    {
        ref var registers = ref thread.Registers;
        for (var index = 0; index < ContextOrder.Length; index++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(context[(index * 8)..], registers[ContextOrder[index]]);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(context[InstructionPointer..], registers.Rip);
        BinaryPrimitives.WriteUInt64LittleEndian(context[Flags..], registers.Flags);
        BinaryPrimitives.WriteUInt64LittleEndian(context[Selectors..], UserSelectors);
        BinaryPrimitives.WriteUInt64LittleEndian(context[Error..], thread.LastFault.Error);
        BinaryPrimitives.WriteUInt64LittleEndian(context[Trap..], thread.LastFault.Trap);
        BinaryPrimitives.WriteUInt64LittleEndian(context[OldMask..], (thread.MaskToRestore ?? thread.SignalMask).Bits);
        BinaryPrimitives.WriteUInt64LittleEndian(context[FaultAddress..], thread.LastFault.Address.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(context[FloatingPoint..], floatingPointAt.Value);
    }

    // Linux ignores a stack that sigaltstack would refuse here.
    private static void RestoreStack(GuestThread thread, ReadOnlySpan<byte> source)
    {
        var stack = DecodeStack(source);
        var flags = stack.Flags & ~AlternateStackFlags.InUse;
        if ((flags & AlternateStackFlags.Disabled) != 0)
        {
            thread.AlternateStack = AlternateStack.None;
        }
        else if (stack.Length >= AlternateStack.MinimumLength && !thread.AlternateStack.Holds(new VirtualAddress(thread.Registers[GeneralRegister.Rsp])))
        {
            thread.AlternateStack = stack with { Flags = flags };
        }
    }
}
