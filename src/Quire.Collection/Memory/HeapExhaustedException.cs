using Quire.Primitives;

namespace Quire.Collection;

/// <summary>A program needs more memory than its heap's limit; the message is one line for the user and names plan, limit and live size.</summary>
public sealed class HeapExhaustedException(string plan, long limit, long live, long asked)
    : Exception($"plan {plan}: out of memory: {new ByteSize((ulong)Math.Max(0, live))} are live in a heap of {new ByteSize((ulong)limit)}, and {asked} bytes more are wanted")
{
    public string Plan { get; } = plan;

    /// <summary>Bytes that the last collection found live.</summary>
    public long Live { get; } = live;

    public long Limit { get; } = limit;
}
