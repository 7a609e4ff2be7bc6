using Quire.Allocation;

namespace Quire.Kernel.Files.Watches;

/// <summary>One file that an <see cref="InotifyFile"/> watches.</summary>
internal sealed class Watch(InotifyFile owner, int number, Inode inode, SlabSlot slot)
{
    /// <summary>What inotify_add_watch gave.</summary>
    public int Number { get; } = number;

    public InotifyFile Owner { get; } = owner;

    public Inode Inode { get; } = inode;

    public SlabSlot Slot { get; } = slot;

    /// <summary>Events asked for, with <see cref="FileEvents.ExcludeUnlinked"/> and <see cref="FileEvents.OneShot"/>.</summary>
    public FileEvents Mask { get; set; }

    public void Tell(FileEvents what, string name, uint cookie)
    {
        if ((what & Mask & FileEvents.All) == 0 || (what & Mask & FileEvents.ExcludeUnlinked) != 0)
        {
            return;
        }

        // Of a file's own move and end it is not said what kind of file it was (inotify_handle_inode_event).
        what &= (what & (FileEvents.MoveSelf | FileEvents.DeleteSelf)) != 0 ? FileEvents.All : FileEvents.All | FileEvents.IsDirectory;
        Owner.Add(new FileEvent(Number, what, cookie, name));
        if ((Mask & FileEvents.OneShot) != 0)
        {
            Owner.End(this);
        }
    }
}
