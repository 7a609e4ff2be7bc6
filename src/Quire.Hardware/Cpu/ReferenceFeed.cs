namespace Quire.Hardware.Cpu;

/// <summary>Where the processors of a machine tell every reference: in runs, before they leave guest code and now and then in between.</summary>
public sealed class ReferenceFeed
{
    /// <summary>Set before the first processor runs.</summary>
    public IReferenceSink Sink { get; set; } = NoSink.Instance;

    private sealed class NoSink : IReferenceSink
    {
        public static readonly NoSink Instance = new();

        public void Take(ReadOnlySpan<FrameRun> runs)
        {
        }
    }
}
