namespace Quire.Kernel.Files.Watches;

/// <summary>
/// Who watches a file. As long as anybody does, the list holds one reference to the inode, so that the same object is found again; that does not keep
/// a file without names and users from ending (<see cref="Inode.EndWatchesOfGoneFile"/>).
/// </summary>
internal sealed class WatchList(Inode inode)
{
    private readonly List<Watch> _watches = [];

    public bool IsEmpty => _watches.Count == 0;

    public Watch? Of(InotifyFile owner) => _watches.Find(watch => watch.Owner == owner);

    public void Add(Watch watch)
    {
        if (IsEmpty)
        {
            inode.AddReference();
        }

        _watches.Add(watch);
    }

    public void Remove(Watch watch)
    {
        if (_watches.Remove(watch) && IsEmpty)
        {
            inode.DropReference();
        }
    }

    /// <param name="name">The name in this directory that it happened to; empty: the file itself.</param>
    public void Tell(FileEvents what, string name, uint cookie)
    {
        // A watch that wants only one event leaves the list on the way.
        foreach (var watch in _watches.ToArray())
        {
            watch.Tell(what, name, cookie);
        }
    }

    /// <summary>The file is gone: the watches are told, and end.</summary>
    public void EndAll()
    {
        Tell(FileEvents.DeleteSelf, "", 0);
        foreach (var watch in _watches.ToArray())
        {
            watch.Owner.End(watch);
        }
    }
}
