using System.Runtime.InteropServices;

namespace Quire.Hardware.Cpu;

/// <summary>References to one frame, one after the other.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FrameRun
{
    public uint Frame;
    public uint Count;
}

/// <summary>Is given every reference of a processor, in program order, by frame.</summary>
public interface IReferenceSink
{
    void Take(ReadOnlySpan<FrameRun> runs);
}
