namespace Quire.Hardware.Cpu.X87;

/// <summary>A number in memory that arithmetic takes as its second operand.</summary>
internal unsafe interface IMemoryFormat
{
    static abstract int Size { get; }

    /// <summary>The same number, NaNs still signaling.</summary>
    static abstract Extended Widen(byte* operand, out bool isDenormal);
}

internal readonly unsafe struct Single : IMemoryFormat
{
    public static int Size => 4;

    public static Extended Widen(byte* operand, out bool isDenormal) => ExtendedConversions.FromSingle(*(uint*)operand, out isDenormal);
}

internal readonly unsafe struct Double : IMemoryFormat
{
    public static int Size => 8;

    public static Extended Widen(byte* operand, out bool isDenormal) => ExtendedConversions.FromDouble(*(ulong*)operand, out isDenormal);
}

internal readonly unsafe struct Integer16 : IMemoryFormat
{
    public static int Size => 2;

    public static Extended Widen(byte* operand, out bool isDenormal)
    {
        isDenormal = false;
        return ExtendedConversions.FromInteger(*(short*)operand);
    }
}

internal readonly unsafe struct Integer32 : IMemoryFormat
{
    public static int Size => 4;

    public static Extended Widen(byte* operand, out bool isDenormal)
    {
        isDenormal = false;
        return ExtendedConversions.FromInteger(*(int*)operand);
    }
}

internal readonly unsafe struct Integer64 : IMemoryFormat
{
    public static int Size => 8;

    public static Extended Widen(byte* operand, out bool isDenormal)
    {
        isDenormal = false;
        return ExtendedConversions.FromInteger(*(long*)operand);
    }
}

/// <summary>The register format itself: moving it raises nothing, whatever it is.</summary>
internal readonly unsafe struct Extended80 : IMemoryFormat
{
    public static int Size => 10;

    public static Extended Widen(byte* operand, out bool isDenormal)
    {
        isDenormal = false;
        return new Extended(*(ulong*)operand, *(ushort*)(operand + 8));
    }
}

/// <summary>18 packed decimal digits and a sign (SDM vol. 1, 4.7).</summary>
internal readonly unsafe struct PackedDecimal : IMemoryFormat
{
    public static int Size => 10;

    public static Extended Widen(byte* operand, out bool isDenormal)
    {
        isDenormal = false;
        return ExtendedConversions.FromDecimal(*(ulong*)operand, *(ushort*)(operand + 8));
    }
}
