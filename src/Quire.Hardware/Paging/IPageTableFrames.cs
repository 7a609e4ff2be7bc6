using Quire.Primitives;

namespace Quire.Hardware.Paging;

/// <summary>Where page tables get their frames from; whoever implements it charges and limits them.</summary>
public interface IPageTableFrames
{
    /// <summary>A zeroed frame that nothing else uses. False: there is none.</summary>
    bool TryAllocateTable(out FrameNumber frame);

    /// <summary>Takes back a frame that <see cref="TryAllocateTable"/> gave.</summary>
    void FreeTable(FrameNumber frame);
}
