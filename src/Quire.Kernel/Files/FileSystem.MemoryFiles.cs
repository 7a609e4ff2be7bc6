using Quire.Kernel.Files.Layers;
using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Files;

// memfd_create(2): files that live in frames and have no name.
public sealed partial class FileSystem
{
    private LayeredFileSystem? _memoryFiles;
    private Mount? _memoryMount;

    /// <param name="seals">None: the file may be sealed; Seal: it may not.</param>
    public Errno CreateMemoryFile(in FileCaller caller, string name, FileSeals seals, out OpenFile? file)
    {
        file = null;
        _memoryFiles ??= LayeredFileSystem.InFrames(Memory, Now, DeviceNumber.Of(0, 1), capacity: new ByteSize(long.MaxValue));
        _memoryMount ??= new Mount(0, _memoryFiles, point: null);
        var what = new NewInode(FileType.Regular, 0x1FF, (uint)caller.Credentials.FileUserId, (uint)caller.Credentials.FileGroupId);
        var error = _memoryFiles.Root.CreateNameless(what, out var inode);
        if (error == Errno.None)
        {
            if (seals == FileSeals.None)
            {
                ((LayeredFile)inode!).AllowSealing();
            }

            var location = new FileLocation(_memoryMount, new DirectoryEntry(null, $"/memfd:{name} (deleted)", inode!));
            error = inode!.Open(new OpenRequest(caller.Thread, location, OpenFlags.ReadWrite | OpenFlags.LargeFile), out file);
        }

        return error;
    }
}
