using Quire.Primitives;

namespace Quire.Kernel.Files.Watches;

/// <summary>How much each user may watch: fs.inotify (Linux: fs/notify/inotify/inotify_user.c).</summary>
public sealed class WatchLimits
{
    // inotify_user_setup: watches and the inodes that they keep may take a hundredth of the memory.
    private const ulong BytesOfWatch = 1296;
    private const ulong LeastWatches = 8192;
    private const ulong MostWatches = 1 << 20;

    private readonly Dictionary<int, (int Instances, int Watches)> _used = [];

    public WatchLimits(ByteSize ram) => MaximumWatches = (int)Math.Clamp(ram.Bytes / 100 / BytesOfWatch, LeastWatches, MostWatches);

    /// <summary>Events that wait for one reader.</summary>
    public int MaximumQueuedEvents { get; set; } = 16384;

    public int MaximumInstances { get; set; } = 128;

    public int MaximumWatches { get; set; }

    internal bool TryAddInstance(int user)
    {
        var used = _used.GetValueOrDefault(user);
        if (used.Instances >= MaximumInstances)
        {
            return false;
        }

        _used[user] = used with { Instances = used.Instances + 1 };
        return true;
    }

    internal bool TryAddWatch(int user)
    {
        var used = _used.GetValueOrDefault(user);
        if (used.Watches >= MaximumWatches)
        {
            return false;
        }

        _used[user] = used with { Watches = used.Watches + 1 };
        return true;
    }

    internal void RemoveInstance(int user) => _used[user] = _used[user] with { Instances = _used[user].Instances - 1 };

    internal void RemoveWatch(int user) => _used[user] = _used[user] with { Watches = _used[user].Watches - 1 };
}
