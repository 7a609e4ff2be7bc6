namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>Where memory operands, stacks and jump targets go: mostly to mapped places, aligned and not, across pages; sometimes where they fault.</summary>
internal static class Addresses
{
    private const ulong NonCanonical = 0x8000_1234_5678_9000;
    private const ulong Page = ~0xFFFUL;

    /// <summary>For addresses that a whole register holds: also non-canonical ones.</summary>
    public static ulong Wide(Random random, int bytes) => random.Next(40) == 0 ? OutOfRange(random) & ~15UL : Data(random, bytes);

    public static ulong Data(Random random, int bytes)
    {
        bytes = Math.Max(bytes, 1);
        switch (random.Next(40))
        {
            case 0:
                return GuestLayout.Data - (ulong)random.Next(1, 0x800);
            case 1:
                return GuestLayout.ReadOnly + (ulong)random.Next(GuestLayout.ReadOnlyBytes - bytes);
            case 2:
                return GuestLayout.ReadOnly + GuestLayout.ReadOnlyBytes - (ulong)random.Next(bytes);
            case 3:
                return GuestLayout.ReadOnly - (ulong)random.Next(bytes);
            case 4 or 5 or 6 or 7:
                return GuestLayout.Data + (ulong)(random.Next(1, GuestLayout.DataBytes / GuestLayout.PageBytes) * GuestLayout.PageBytes) - (ulong)random.Next(bytes);
            default:
                var address = GuestLayout.Data + (ulong)random.Next(GuestLayout.DataBytes - bytes);
                return random.Next(3) == 0 ? address : address & ~15UL;
        }
    }

    public static ulong StackTop(Random random) => random.Next(40) switch
    {
        7 => OutOfRange(random) & ~15UL,
        0 => GuestLayout.Stack + (ulong)random.Next(8),
        1 => GuestLayout.Stack + GuestLayout.StackBytes - (ulong)random.Next(8),
        2 or 3 or 4 => GuestLayout.Stack + GuestLayout.PageBytes + (ulong)random.Next(-8, 9),
        5 or 6 => GuestLayout.Stack + (ulong)random.Next(0x100, GuestLayout.StackBytes - 0x100),
        _ => GuestLayout.Stack + (ulong)(random.Next(0x100, GuestLayout.StackBytes - 0x100) & ~7),
    };

    /// <summary>Somewhere in the code pages that holds a breakpoint, or where no code is.</summary>
    public static ulong JumpTarget(Random random, ulong instruction)
    {
        switch (random.Next(30))
        {
            case 0:
                return GuestLayout.Data + (ulong)random.Next(GuestLayout.DataBytes);
            case 1:
                return GuestLayout.Code - (ulong)random.Next(1, 0x100);
            default:
                var target = GuestLayout.Code + (ulong)random.Next(GuestLayout.CodeBytes);
                return target - instruction < Request.MaximumCode ? instruction + Request.MaximumCode : target;
        }
    }

    public static ulong ShortJumpTarget(Random random, ulong instruction) =>
        random.Next(2) == 0 ? instruction - (ulong)random.Next(1, 120) : instruction + Request.MaximumCode + (ulong)random.Next(80);

    /// <summary>Non-canonical with 48-bit and with 57-bit addresses.</summary>
    public static ulong OutOfRange(Random random) => (random.Next(3) == 0 ? ~NonCanonical & Page : NonCanonical) + (ulong)random.Next(0x1000);
}
