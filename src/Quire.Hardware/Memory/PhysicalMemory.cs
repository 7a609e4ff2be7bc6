using System.Runtime.InteropServices;
using Quire.Primitives;

namespace Quire.Hardware.Memory;

/// <summary>
/// The RAM of the machine: one native reservation cut into 4 KiB frames. The host backs a page of it only once it is touched.
/// Frames start zeroed. Caller keeps true: pointers and spans are used only while this object lives, and stay inside their frame.
/// </summary>
public sealed unsafe class PhysicalMemory : IDisposable
{
    private readonly byte* _base;
    private readonly byte* _holdsCode;
    private readonly nuint _bytes;

    /// <param name="size">Bytes of RAM: at least one frame, rounded down to whole frames.</param>
    /// <exception cref="OutOfMemoryException">The host refuses the reservation.</exception>
    public PhysicalMemory(ByteSize size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size.Bytes, (ulong)Page.Size);
        FrameCount = checked((uint)size.Pages);
        _bytes = (nuint)FrameCount << Page.Shift;
        _base = HostPages.Reserve(_bytes);
        _holdsCode = (byte*)NativeMemory.AllocZeroed(FrameCount);
    }

    public uint FrameCount { get; }

    /// <summary>Host address of physical address 0.</summary>
    public byte* Base => _base;

    /// <summary>One byte a frame: not zero while the CPU holds instructions decoded from it.</summary>
    public byte* HoldsCode => _holdsCode;

    /// <summary>Called before bytes of a frame that holds decoded code change by any way but a CPU store; set by the code cache.</summary>
    public Action<FrameNumber>? CodeFrameWritten { get; set; }

    public byte* Pointer(FrameNumber frame)
    {
        // Frame numbers come from page tables, swap and reverse maps: data. What the CPU's hot path reads has been through the walker's check.
        if (frame.Value >= FrameCount)
        {
            throw OutsideRam(frame.Value);
        }

        return _base + ((ulong)frame.Value << Page.Shift);
    }

    public byte* Pointer(PhysicalAddress address) => address.Value < _bytes ? _base + address.Value : throw OutsideRam(address.Value >> Page.Shift);

    /// <summary>The frame's bytes to read.</summary>
    public ReadOnlySpan<byte> Read(FrameNumber frame) => new(Pointer(frame), Page.Size);

    /// <summary>The frame's bytes to change: drops instructions decoded from it first.</summary>
    public Span<byte> Write(FrameNumber frame)
    {
        var bytes = Pointer(frame);
        if (_holdsCode[frame.Value] != 0)
        {
            CodeFrameWritten?.Invoke(frame);
        }

        return new Span<byte>(bytes, Page.Size);
    }

    private InvalidOperationException OutsideRam(ulong frame) => new($"frame {frame} lies outside of RAM, which has {FrameCount}");

    public void Dispose()
    {
        HostPages.Release(_base, _bytes);
        NativeMemory.Free(_holdsCode);
    }
}
