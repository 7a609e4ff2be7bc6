using System.Runtime.InteropServices;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Frames;

/// <summary>
/// One entry a frame of RAM. Differs from Linux: the table lives outside of the machine's RAM, so that all of `--ram` can be used.
/// Caller keeps true: frame numbers are below the count, references are used only while this object lives.
/// </summary>
internal sealed unsafe class FrameTable : IDisposable
{
    private readonly FrameEntry* _entries;

    public FrameTable(uint count)
    {
        Count = count;
        _entries = (FrameEntry*)NativeMemory.AlignedAlloc((nuint)count * (nuint)sizeof(FrameEntry), 64);
        NativeMemory.Clear(_entries, (nuint)count * (nuint)sizeof(FrameEntry));
    }

    public uint Count { get; }

    public ref FrameEntry this[FrameNumber frame]
    {
        get
        {
            System.Diagnostics.Debug.Assert(frame.Value < Count, "frame outside RAM");
            return ref _entries[frame.Value];
        }
    }

    public void Dispose() => NativeMemory.AlignedFree(_entries);
}
