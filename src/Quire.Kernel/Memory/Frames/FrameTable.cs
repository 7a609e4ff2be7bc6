using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Frames;

/// <summary>
/// One entry a frame of RAM. Differs from Linux: the table lives outside of the machine's RAM, so that all of `--ram` can be used.
/// Caller keeps true: frame numbers are below the count, references are used only while this object lives.
/// </summary>
internal sealed unsafe class FrameTable : IDisposable
{
    private const nuint Alignment = 32;

    private readonly void* _block;
    private readonly FrameEntry* _entries;

    public FrameTable(uint count)
    {
        Count = count;

        // Zeroed by the host page by page as entries are touched; two entries share a cache line.
        _block = NativeMemory.AllocZeroed(((nuint)count * (nuint)sizeof(FrameEntry)) + Alignment);
        _entries = (FrameEntry*)(((nuint)_block + Alignment - 1) & ~(Alignment - 1));
    }

    public uint Count { get; }

    public ref FrameEntry this[FrameNumber frame]
    {
        get
        {
            if (frame.Value >= Count)
            {
                throw OutsideRam(frame);
            }

            return ref _entries[frame.Value];
        }
    }

    /// <summary>The entry is about to be needed. Of no frame, too: an address is never wrong here.</summary>
    public void Prefetch(FrameNumber frame)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(_entries + frame.Value);
        }
    }

    public void Dispose() => NativeMemory.Free(_block);

    private InvalidOperationException OutsideRam(FrameNumber frame) => new($"frame {frame.Value} lies outside of RAM, which has {Count}");
}
