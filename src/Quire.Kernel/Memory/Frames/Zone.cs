using System.Numerics;
using Quire.Allocation;

namespace Quire.Kernel.Memory.Frames;

/// <summary>Frames that are equally good: those below 4 GiB (DMA32) or above (Normal), as on x86-64. A buddy system with per-CPU lists before it.</summary>
public sealed class Zone
{
    /// <summary>Largest block: 2^10 frames, as Linux's MAX_ORDER allows.</summary>
    public const int MaxOrder = 10;

    internal Zone(string name, uint firstFrame, uint frames, uint machineFrames, int cpus)
    {
        Name = name;
        FirstFrame = firstFrame;
        Frames = frames;
        Buddy = new BuddyAllocator(frames, MaxOrder);
        Watermarks = Watermarks.For(frames, machineFrames);
        CpuLists = new CpuFrameList[cpus];

        // zone_batchsize and zone_highsize of Linux.
        var batch = Math.Max(1, Math.Min(frames >> 10, 256) / 4);
        batch = Math.Max(1, (1u << BitOperations.Log2(batch + (batch / 2))) - 1);
        var high = Math.Max(4 * batch, Watermarks.Low / (uint)cpus);
        for (var cpu = 0; cpu < cpus; cpu++)
        {
            CpuLists[cpu] = new CpuFrameList((int)batch, (int)high);
        }
    }

    public string Name { get; }

    public uint FirstFrame { get; }

    public uint Frames { get; }

    public Watermarks Watermarks { get; internal set; }

    public BuddyAllocator Buddy { get; }

    /// <summary>Frames that wait in per-CPU lists.</summary>
    public uint FramesOnCpuLists => (uint)CpuLists.Sum(list => list.Count);

    public uint FreeFrames => Buddy.FreeUnits + FramesOnCpuLists;

    internal CpuFrameList[] CpuLists { get; }
}
