using Quire.Hardware.Cpu;

namespace Quire.Kernel.Memory.Reclaim.Policies;

/// <summary>
/// Folds the runs of each frame into one. Which folded run is a frame's is found through a sparse set (Briggs and Torczon, 1993): an entry counts only
/// if what it points at points back, so nothing is cleared between calls.
/// </summary>
/// <param name="frames">Frames of RAM.</param>
internal sealed class FrameRunFolder(uint frames)
{
    private readonly int[] _foldedOf = new int[frames];
    private FoldedRun[] _folded = [];

    /// <summary>One run a frame, the frame referred to last first.</summary>
    /// <param name="references">References in all runs together.</param>
    public ReadOnlySpan<FoldedRun> Fold(ReadOnlySpan<FrameRun> runs, out long references)
    {
        if (_folded.Length < runs.Length)
        {
            _folded = new FoldedRun[runs.Length];
        }

        var folded = _folded.AsSpan(0, runs.Length);
        var count = 0;
        long later = 0;
        for (var i = runs.Length - 1; i >= 0; i--)
        {
            ref readonly var run = ref runs[i];
            ref var at = ref _foldedOf[run.Frame];
            if ((uint)at < (uint)count && folded[at].Frame == run.Frame)
            {
                folded[at].Count += run.Count;
            }
            else
            {
                at = count;
                folded[count++] = new FoldedRun { Frame = run.Frame, Count = run.Count, Later = later };
            }

            later += run.Count;
        }

        references = later;
        return folded[..count];
    }
}

/// <summary>References to one frame.</summary>
internal struct FoldedRun
{
    public uint Frame;
    public uint Count;

    /// <summary>References to other frames after the last one to this.</summary>
    public long Later;
}
