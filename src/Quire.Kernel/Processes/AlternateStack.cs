using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>A signal stack as sigaltstack(2) sets it (stack_t).</summary>
public readonly record struct AlternateStack(VirtualAddress Start, ulong Length, AlternateStackFlags Flags)
{
    /// <summary>Bytes of stack_t.</summary>
    public const int Size = 24;

    /// <summary>MINSIGSTKSZ as the kernel checks it.</summary>
    public const ulong MinimumLength = 2048;

    public static readonly AlternateStack None = new(default, 0, AlternateStackFlags.Disabled);

    public bool IsEnabled => (Flags & AlternateStackFlags.Disabled) == 0;

    public bool Disarms => (Flags & AlternateStackFlags.AutoDisarm) != 0;

    /// <summary>Linux's on_sig_stack: the stack pointer counts as inside just below the end but not at the very start.</summary>
    public bool Holds(VirtualAddress stackPointer) =>
        IsEnabled && !Disarms && stackPointer > Start && stackPointer - Start <= Length;
}

/// <summary>SS_* flags.</summary>
[Flags]
public enum AlternateStackFlags : uint
{
    None = 0,
    InUse = 1,
    Disabled = 2,
    AutoDisarm = 1U << 31,
}
