using System.Runtime.CompilerServices;

namespace Quire.Hardware.Cpu.X87;

/// <summary>The register stack and status word of a CPU's state (Intel SDM vol. 1, 8.1.2 and 8.1.3).</summary>
internal static unsafe class X87Stack
{
    public static int Top(CpuState* s) => (s->Registers.X87Status & X87StatusWord.Top) >> X87StatusWord.TopShift;

    /// <summary>Number of the physical register that ST(i) is.</summary>
    public static int Physical(CpuState* s, int index) => (Top(s) + index) & 7;

    public static bool IsEmpty(CpuState* s, int index) => (s->Registers.X87Tags & (1 << Physical(s, index))) == 0;

    public static Extended Get(CpuState* s, int index)
    {
        var physical = Physical(s, index);
        return new Extended(s->Registers.X87Significand[physical], s->Registers.X87SignExponent[physical]);
    }

    /// <summary>Fills ST(i).</summary>
    public static void Set(CpuState* s, int index, Extended value)
    {
        var physical = Physical(s, index);
        s->Registers.X87Significand[physical] = value.Significand;
        s->Registers.X87SignExponent[physical] = value.SignExponent;
        s->Registers.X87Tags |= (byte)(1 << physical);
    }

    public static void Free(CpuState* s, int index) => s->Registers.X87Tags &= (byte)~(1 << Physical(s, index));

    public static void MoveTop(CpuState* s, int by)
    {
        var top = (Top(s) + by) & 7;
        s->Registers.X87Status = (ushort)((s->Registers.X87Status & ~X87StatusWord.Top) | (top << X87StatusWord.TopShift));
    }

    public static void Pop(CpuState* s)
    {
        Free(s, 0);
        MoveTop(s, 1);
    }

    /// <summary>Puts the value on the stack; the register must be empty or its content given up by a stack fault.</summary>
    public static void Push(CpuState* s, Extended value)
    {
        MoveTop(s, -1);
        Set(s, 0, value);
    }

    public static void SetConditions(CpuState* s, int conditions, int mask) =>
        s->Registers.X87Status = (ushort)((s->Registers.X87Status & ~mask) | conditions);

    /// <summary>
    /// Adds exceptions to the sticky flags, sets C1, and says whether the result may be stored: not after an unmasked exception that comes before results.
    /// </summary>
    public static bool Finish(CpuState* s, scoped ref X87Rounding rounding)
    {
        var raised = rounding.Raised;
        var stops = rounding.IsUnmasked(raised & X87Exceptions.BeforeResult);
        if (stops)
        {
            raised &= X87Exceptions.BeforeResult;
        }

        Raise(s, raised, rounding.RoundedUp && !stops);
        return !stops;
    }

    /// <summary>An empty register was read: IE and SF with C1 clear. False if that is not masked.</summary>
    public static bool Underflow(CpuState* s) => StackFault(s, Direction.Underflow);

    /// <summary>A register that is not empty would be pushed over: IE and SF with C1 set. False if that is not masked.</summary>
    public static bool Overflow(CpuState* s) => StackFault(s, Direction.Overflow);

    /// <summary>ES and B follow the exception flags and masks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void UpdateSummary(CpuState* s) => s->Registers.X87Status = X87StatusWord.WithSummary(s->Registers.X87Status, s->Registers.X87Control);

    private enum Direction
    {
        Underflow,
        Overflow,
    }

    private static bool StackFault(CpuState* s, Direction direction)
    {
        Raise(s, X87Exceptions.Invalid | X87Exceptions.StackFault, direction == Direction.Overflow);
        return (s->Registers.X87Control & (int)X87Exceptions.Invalid) != 0;
    }

    private static void Raise(CpuState* s, X87Exceptions raised, bool c1)
    {
        SetConditions(s, (int)raised | (c1 ? X87StatusWord.C1 : 0), (int)raised | X87StatusWord.C1);
        UpdateSummary(s);
    }
}
