namespace Quire.Kernel.Processes;

/// <summary>The encoded operation of FUTEX_WAKE_OP: bits 28-31 operation (8: operand is a shift), 24-27 comparison, 12-23 operand, 0-11 comparand.</summary>
internal static class FutexOperation
{
    private const uint OperandIsShift = 8;

    /// <summary>False for an operation or comparison that does not exist.</summary>
    public static bool TryApply(uint encoded, uint old, out uint changed, out bool holds)
    {
        var operation = encoded >> 28;
        var operand = SignExtend12(encoded >> 12);
        var comparand = SignExtend12(encoded);
        if ((operation & OperandIsShift) != 0)
        {
            operand = 1 << (operand & 31);
        }

        holds = false;
        changed = old;
        uint? result = (operation & ~OperandIsShift) switch
        {
            0 => (uint)operand,
            1 => old + (uint)operand,
            2 => old | (uint)operand,
            3 => old & ~(uint)operand,
            4 => old ^ (uint)operand,
            _ => null,
        };
        bool? comparison = ((encoded >> 24) & 15) switch
        {
            0 => (int)old == comparand,
            1 => (int)old != comparand,
            2 => (int)old < comparand,
            3 => (int)old <= comparand,
            4 => (int)old > comparand,
            5 => (int)old >= comparand,
            _ => null,
        };
        if (result is null || comparison is null)
        {
            return false;
        }

        changed = result.Value;
        holds = comparison.Value;
        return true;
    }

    private static int SignExtend12(uint value) => (int)(value << 20) >> 20;
}
