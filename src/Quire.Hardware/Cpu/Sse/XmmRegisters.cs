using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>
/// XMM registers by the offset that an op holds. Always read and written whole, even for scalars: a register that was written in part
/// would make the next full read wait for the host's store buffer.
/// </summary>
internal static unsafe class XmmRegisters
{
    /// <summary>Of <see cref="CpuRegisters.Xmm"/> in the state. As a constant it spares each handler a null check.</summary>
    public const int Start = 240;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Pointer(CpuState* s, byte offset) => (byte*)s + Start + offset;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Get(CpuState* s, byte offset) => *(Vector128<byte>*)Pointer(s, offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set(CpuState* s, byte offset, Vector128<byte> value) => *(Vector128<byte>*)Pointer(s, offset) = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Get<T>(CpuState* s, byte offset)
        where T : unmanaged => *(Vector128<T>*)Pointer(s, offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set<T>(CpuState* s, byte offset, Vector128<T> value)
        where T : unmanaged => *(Vector128<T>*)Pointer(s, offset) = value;

    /// <summary>Replaces the lowest element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetLowest<T>(CpuState* s, byte offset, T value)
        where T : unmanaged => Set(s, offset, Get<T>(s, offset).WithElement(0, value));
}
