namespace Quire.Kernel.Files.Watches;

/// <summary>
/// What watches are told, and in which order, when something happens to names and files (Linux: include/linux/fsnotify.h, fs/namei.c). Costs two
/// comparisons where nobody watches.
/// </summary>
internal static class FileNotices
{
    public static void Created(DirectoryEntry directory, string name, Inode file) =>
        directory.Inode.Watches?.Tell(FileEvents.Create | file.EventKind, name, 0);

    public static void Linked(DirectoryEntry directory, string name, Inode target)
    {
        target.Tell(FileEvents.Attributes);
        Created(directory, name, target);
    }

    public static void Unlinked(DirectoryEntry directory, string name, Inode file)
    {
        if (!file.IsDirectory)
        {
            file.Tell(FileEvents.Attributes);
        }

        file.EndWatchesOfGoneFile();
        directory.Inode.Watches?.Tell(FileEvents.Delete | file.EventKind, name, 0);
    }

    /// <param name="replaced">What had the new name until now and lost it; null if nothing.</param>
    /// <param name="cookie">Another one for each move.</param>
    public static void Moved(DirectoryEntry oldDirectory, string oldName, DirectoryEntry newDirectory, string newName, Inode moved, Inode? replaced, uint cookie)
    {
        var kind = moved.EventKind;
        oldDirectory.Inode.Watches?.Tell(FileEvents.MovedFrom | kind, oldName, cookie);
        newDirectory.Inode.Watches?.Tell(FileEvents.MovedTo | kind, newName, cookie);
        replaced?.Tell(FileEvents.Attributes);
        moved.Tell(FileEvents.MoveSelf);
        replaced?.EndWatchesOfGoneFile();
    }

    /// <summary>Both times at once are what utimes(2) sets; one alone looks like an access or a write (fsnotify_change).</summary>
    public static void Changed(DirectoryEntry file, in AttributeChange change)
    {
        var what = (change.AccessTime, change.ModifyTime) switch
        {
            (not null, not null) => FileEvents.Attributes,
            (not null, null) => FileEvents.Access,
            (null, not null) => FileEvents.Modify,
            _ => FileEvents.None,
        };
        what |= change.Permissions is not null || change.UserId is not null || change.GroupId is not null ? FileEvents.Attributes : FileEvents.None;
        if (what != FileEvents.None)
        {
            file.Tell(what);
        }
    }
}
