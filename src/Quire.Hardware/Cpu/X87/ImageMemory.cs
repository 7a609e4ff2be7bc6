using Quire.Primitives;

namespace Quire.Hardware.Cpu.X87;

/// <summary>State images in memory, longer than one access: FNSAVE's 108 bytes, FXSAVE's 512. They lie on one page or two.</summary>
internal static unsafe class ImageMemory
{
    /// <summary>Copies the image; false if a part of it faulted.</summary>
    public static bool TryRead(CpuState* s, Op* op, ulong address, byte* into, int bytes)
    {
        var first = InFirstPage(address, bytes);
        var from = GuestMemory.Read(s, op, address, first);
        if (from == null)
        {
            return false;
        }

        Buffer.MemoryCopy(from, into, bytes, first);
        if (first == bytes)
        {
            return true;
        }

        from = GuestMemory.Read(s, op, address + (uint)first, bytes - first);
        if (from == null)
        {
            return false;
        }

        Buffer.MemoryCopy(from, into + first, bytes - first, bytes - first);
        return true;
    }

    /// <summary>False: a part of it faults, and nothing was written.</summary>
    public static bool CanWrite(CpuState* s, Op* op, ulong address, int bytes)
    {
        var first = InFirstPage(address, bytes);
        return GuestMemory.ReadWrite(s, op, address, first) != null && (first == bytes || GuestMemory.ReadWrite(s, op, address + (uint)first, bytes - first) != null);
    }

    /// <summary>Stores an image where <see cref="CanWrite"/> allowed it.</summary>
    public static void Write(CpuState* s, Op* op, ulong address, byte* from, int bytes)
    {
        var first = InFirstPage(address, bytes);
        Buffer.MemoryCopy(from, GuestMemory.ReadWrite(s, op, address, first), first, first);
        if (first != bytes)
        {
            Buffer.MemoryCopy(from + first, GuestMemory.ReadWrite(s, op, address + (uint)first, bytes - first), bytes - first, bytes - first);
        }
    }

    private static int InFirstPage(ulong address, int bytes) => Math.Min(bytes, Page.Size - (int)(address & Page.OffsetMask));
}
