namespace Quire.Kernel.Files.Locks;

/// <summary>Search for circles among processes that wait for each other's record locks (EDEADLK of fcntl(2)).</summary>
internal static class LockWaits
{
    /// <param name="waiting">Who waits for whom.</param>
    public static bool WouldDeadlock(object waiter, object holder, IReadOnlyDictionary<object, object> waiting)
    {
        var at = holder;
        for (var steps = 0; steps <= waiting.Count; steps++)
        {
            if (at == waiter)
            {
                return true;
            }

            if (!waiting.TryGetValue(at, out var next))
            {
                return false;
            }

            at = next;
        }

        return false;
    }
}
