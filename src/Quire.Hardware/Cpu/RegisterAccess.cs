using System.Numerics;
using System.Runtime.CompilerServices;

namespace Quire.Hardware.Cpu;

/// <summary>Reads and writes a general register or its part, as the width says: 32-bit writes clear the upper half (SDM vol. 1, 3.4.1.1).</summary>
internal static unsafe class RegisterAccess
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Get<T>(CpuState* s, byte offset)
        where T : unmanaged => *(T*)((byte*)s + offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set<T>(CpuState* s, byte offset, T value)
        where T : unmanaged
    {
        if (typeof(T) == typeof(uint))
        {
            *(ulong*)((byte*)s + offset) = (uint)(object)value;
        }
        else
        {
            *(T*)((byte*)s + offset) = value;
        }
    }

    /// <summary>The value sign-extended to 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SignExtend<T>(T value)
        where T : unmanaged
    {
        if (typeof(T) == typeof(byte))
        {
            return (ulong)(sbyte)(byte)(object)value;
        }

        if (typeof(T) == typeof(ushort))
        {
            return (ulong)(short)(ushort)(object)value;
        }

        if (typeof(T) == typeof(uint))
        {
            return (ulong)(int)(uint)(object)value;
        }

        return (ulong)(object)value;
    }

    /// <summary>The immediate cut to the width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Immediate<T>(Op* op)
        where T : unmanaged, INumberBase<T> => T.CreateTruncating(op->Immediate);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ZeroExtend<T>(T value)
        where T : unmanaged, INumberBase<T> => ulong.CreateTruncating(value);
}
