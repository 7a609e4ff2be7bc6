using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Slabs;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files;

/// <summary>
/// An open directory. It is listed once, when it is first read or rewound, so that positions (d_off) stay valid whatever happens to the
/// directory meanwhile; entries removed since are left out when they are handed over.
/// </summary>
public sealed class DirectoryFile : OpenFile
{
    // What a listed name takes, with its characters at two bytes each.
    private const int EntryBytes = 64;

    private readonly KernelCharge? _charge;
    private List<ListedEntry>? _entries;
    private long? _removedNames;

    public DirectoryFile(FileLocation location, int flags)
        : base(location, flags)
    {
        if (location.Mount.Tree is { } tree)
        {
            _charge = new KernelCharge(tree.Memory.Slabs.Cache("directory_list", Page.Size));
        }
    }

    public override bool IsSeekable => true;

    public override ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset) => new(Errno.EISDIR.ToResult());

    public override ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset) => new(Errno.EBADF.ToResult());

    /// <summary>The entry at <see cref="OpenFile.Position"/>; the position after it is one more. False at the end.</summary>
    public Errno Peek(out ListedEntry entry)
    {
        entry = default;
        if (_entries is null || Position == 0)
        {
            var entries = new List<ListedEntry>
            {
                new(".", Inode.Attributes.Number, FileType.Directory),
                new("..", (Location.Entry.Parent ?? Location.Mount.Point?.Entry.Parent ?? Location.Entry).Inode.Attributes.Number, FileType.Directory),
            };
            var error = Location.Entry.IsRemoved ? Errno.ENOENT : Inode.List(entries);
            if (error != Errno.None)
            {
                return error;
            }

            _charge?.Clear();
            _entries = null;
            if (_charge?.TryAdd(entries.Sum(listed => EntryBytes + (2L * listed.Name.Length))) == false)
            {
                return Errno.ENOMEM;
            }

            _entries = entries;
            _removedNames = Inode.RemovedNames;
        }

        while (Position < _entries.Count)
        {
            entry = _entries[(int)Position];
            if (Position < 2 || _removedNames is not null && _removedNames == Inode.RemovedNames || Inode.Lookup(entry.Name, out _) != Errno.ENOENT)
            {
                return Errno.None;
            }

            Position++;
        }

        entry = default;
        return Errno.None;
    }

    protected override void OnLastClose()
    {
        _entries = null;
        _charge?.Clear();
    }

    public override long Seek(long offset, int whence)
    {
        var target = whence switch
        {
            0 => offset,
            1 => Position + offset,
            2 => (_entries?.Count ?? 0) + offset,
            _ => -1,
        };
        return target < 0 ? Errno.EINVAL.ToResult() : Position = target;
    }
}
