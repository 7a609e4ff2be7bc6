namespace Quire.Allocation;

/// <summary>A recorded sequence of heap calls.</summary>
/// <param name="Events">In order of time.</param>
/// <param name="UnknownFrees">Frees and reallocations of blocks that were allocated before the recording began; they are left out.</param>
public sealed record HeapTrace(IReadOnlyList<HeapEvent> Events, long UnknownFrees)
{
    public IWorkload Play() => new Player(Events);

    private sealed class Player(IReadOnlyList<HeapEvent> events) : IWorkload
    {
        private int _next;

        public bool TryNext(out HeapEvent next)
        {
            next = _next < events.Count ? events[_next] : default;
            return _next++ < events.Count;
        }
    }
}
