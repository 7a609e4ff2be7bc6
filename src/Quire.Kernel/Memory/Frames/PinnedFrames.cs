using Quire.Primitives;

namespace Quire.Kernel.Memory.Frames;

/// <summary>Frames held from one operation of the kernel to a later one, by whoever will let them go.</summary>
internal sealed class PinnedFrames(KernelMemory memory)
{
    private readonly Dictionary<FrameNumber, int> _pins = [];

    public void Pin(FrameNumber frame)
    {
        memory.FrameTable[frame].References++;
        _pins[frame] = CountOf(frame) + 1;
    }

    public void Unpin(FrameNumber frame)
    {
        if (_pins[frame] == 1)
        {
            _pins.Remove(frame);
        }
        else
        {
            _pins[frame]--;
        }

        memory.Frames.Release(frame);
    }

    public int CountOf(FrameNumber frame) => _pins.GetValueOrDefault(frame);
}
