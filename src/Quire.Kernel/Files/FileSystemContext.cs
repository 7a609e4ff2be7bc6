namespace Quire.Kernel.Files;

/// <summary>Where a process's paths start, and the permissions it withholds from new files. Shared by CLONE_FS.</summary>
public sealed class FileSystemContext
{
    private int _users = 1;

    public FileSystemContext(FileLocation root, FileLocation workingDirectory)
    {
        Root = root.Pin();
        WorkingDirectory = workingDirectory.Pin();
    }

    public FileLocation Root { get; private set; }

    public FileLocation WorkingDirectory { get; private set; }

    /// <summary>umask: permission bits that new files do not get.</summary>
    public uint Umask { get; set; } = 0x12;

    public void ChangeRoot(FileLocation root)
    {
        var old = Root;
        Root = root.Pin();
        old.Unpin();
    }

    public void ChangeDirectory(FileLocation directory)
    {
        var old = WorkingDirectory;
        WorkingDirectory = directory.Pin();
        old.Unpin();
    }

    /// <summary>Another process has it, too.</summary>
    public bool IsShared => _users > 1;

    /// <summary>The copy that fork gives a child.</summary>
    public FileSystemContext Clone() => new(Root, WorkingDirectory) { Umask = Umask };

    /// <summary>One more process shares it (CLONE_FS).</summary>
    public FileSystemContext Share()
    {
        _users++;
        return this;
    }

    /// <summary>A process that had it ends.</summary>
    public void Release()
    {
        if (--_users == 0)
        {
            Root.Unpin();
            WorkingDirectory.Unpin();
        }
    }
}
