using System.Runtime.InteropServices;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Reclaim;

/// <summary>Where a pageable frame stands: in which pool, in which list of the pool's order, between which frames. All zero: in none.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FramePlace
{
    /// <summary>Neighbours in a list. Free for other use by orders that have no lists.</summary>
    public uint Newer;
    public uint Older;

    /// <summary>Number of the pool, 0 for none.</summary>
    public ushort Pool;

    /// <summary>The order's own number for the list.</summary>
    public byte List;

    /// <summary>The order's own marks.</summary>
    public byte Marks;
}

/// <summary>One place a frame of RAM, beside the frame table, shared by all pools.</summary>
internal sealed unsafe class FramePlaces(uint frames) : IDisposable
{
    private readonly FramePlace* _places = (FramePlace*)NativeMemory.AllocZeroed(frames, (nuint)sizeof(FramePlace));

    /// <summary>Place of frame 0; the others follow.</summary>
    public FramePlace* Pointer => _places;

    public ref FramePlace this[FrameNumber frame]
    {
        get
        {
            if (frame.Value >= frames)
            {
                throw new InvalidOperationException($"frame {frame.Value} lies outside of RAM, which has {frames}");
            }

            return ref _places[frame.Value];
        }
    }

    public void Dispose() => NativeMemory.Free(_places);
}
