using Quire.Kernel.Files.Host;
using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Files.Bound;

/// <summary>
/// A regular file of the host. Reads go through the page cache, writes through it to the host at once. Changes that others make on the host are
/// noticed when the file is looked at or opened.
/// </summary>
public sealed class BoundFile : BoundInode, IRegularContent, IPageSource
{
    private PageCache? _pages;
    private IHostFile? _file;
    private HostAccess _access;
    private bool _timesDiffer;

    internal BoundFile(BoundFileSystem fileSystem, string path, in InodeAttributes attributes)
        : base(fileSystem, path, attributes)
    {
    }

    public override PageCache Pages => Content;

    public PageCache Content => _pages ??= FileSystem.Memory.CreatePageCache(this, Seen.Size);

    public override InodeAttributes Attributes
    {
        get
        {
            var attributes = base.Attributes;
            return _pages is null ? attributes : attributes with
            {
                Size = _pages.Length,
                ModifyTime = _timesDiffer ? _modified : attributes.ModifyTime,
            };
        }
    }

    public bool IsBacked => true;

    string IPageSource.Name => HostPath;

    private Timestamp _modified;

    /// <summary>It never had a name (O_TMPFILE): the open file of the host is all that there is.</summary>
    internal bool IsNameless { get; private set; }

    internal static BoundFile Nameless(BoundFileSystem fileSystem, IHostFile file, in NewInode what)
    {
        file.Stat(out var attributes);
        var now = fileSystem.Now();
        var inode = new BoundFile(fileSystem, "", attributes with
        {
            Mode = (uint)FileType.Regular | what.Permissions,
            UserId = what.UserId,
            GroupId = what.GroupId,
            AccessTime = now,
            ModifyTime = now,
            ChangeTime = now,
        })
        {
            _file = file,
            _access = HostAccess.ReadWrite,
            IsNameless = true,
        };
        inode.BeginNameless();
        return inode;
    }

    internal Errno GiveName(string path)
    {
        var error = FileSystem.Host.LinkOpen(_file!, path);
        if (error != Errno.None)
        {
            return error;
        }

        // The host has it with its own umask and ids; the guest's are what count.
        var wanted = Seen;
        FileSystem.Host.Stat(path, out var made);
        if (made.UserId != wanted.UserId || made.GroupId != wanted.GroupId)
        {
            FileSystem.Host.Change(path, new AttributeChange { UserId = wanted.UserId, GroupId = wanted.GroupId });
        }

        FileSystem.Host.Change(path, new AttributeChange { Permissions = wanted.Permissions, AccessTime = wanted.AccessTime, ModifyTime = wanted.ModifyTime });
        IsNameless = false;
        FileSystem.Host.Stat(path, out made);
        Refresh(path, made);
        FileSystem.Remember(this);
        return Errno.None;
    }

    public override Errno Open(in OpenRequest request, out OpenFile? file)
    {
        file = null;
        var access = (request.Flags & OpenFlags.AccessMode) == OpenFlags.ReadOnly ? HostAccess.Read : HostAccess.ReadWrite;
        var error = OpenHost(access);
        if (error == Errno.None)
        {
            file = new RegularFile(request.Location, request.Flags);
        }

        return error;
    }

    public override Errno SetLength(ulong length)
    {
        var error = OpenHost(HostAccess.ReadWrite);
        error = error == Errno.None ? _file!.SetLength(length) : error;
        if (error == Errno.None)
        {
            Content.SetLength(length);
            NoteOwnWrite();
        }

        if (!IsReferenced)
        {
            Close();
        }

        return error;
    }

    public Errno PrepareWrite(ulong offset, ulong length) => OpenHost(HostAccess.ReadWrite);

    public void WasWritten(PrivilegeBits bits)
    {
        Content.Sync();
        NoteOwnWrite();

        // The host sees who this program is, not who wrote.
        if (bits == PrivilegeBits.Clear && (Seen.Mode & (ModeBits.SetUserId | ModeBits.SetGroupId)) != 0)
        {
            var cleared = ModeBits.SetUserId | ((Seen.Mode & ModeBits.GroupExecute) != 0 ? ModeBits.SetGroupId : 0);
            Change(new AttributeChange { Permissions = Seen.Permissions & ~cleared });
        }
    }

    public Errno Allocate(AllocationModes modes, ulong offset, ulong length)
    {
        const AllocationModes toZeroes = AllocationModes.PunchHole | AllocationModes.ZeroRange;
        if ((modes & ~(toZeroes | AllocationModes.KeepSize)) != 0)
        {
            return Errno.ENOTSUP;
        }

        var end = offset + length;
        if ((modes & toZeroes) != 0 && offset < Content.Length)
        {
            // Differs from Linux: the host's file keeps its blocks, filled with zeroes.
            var error = PrepareWrite(offset, length);
            error = error == Errno.None ? Content.ZeroRange(offset, Math.Min(end, Content.Length) - offset) : error;
            if (error != Errno.None)
            {
                return error;
            }

            WasWritten(PrivilegeBits.Keep);
        }

        return (modes & AllocationModes.KeepSize) == 0 && end > Content.Length ? SetLength(end) : Errno.None;
    }

    public override Errno Sync()
    {
        var error = _pages?.Sync() ?? Errno.None;
        return error == Errno.None && _file is not null && _access == HostAccess.ReadWrite ? _file.Sync() : error;
    }

    Errno IPageSource.ReadPage(ulong index, Span<byte> page)
    {
        if (OpenHost(HostAccess.Read) != Errno.None)
        {
            return Errno.EIO;
        }

        var start = index << Page.Shift;
        var wanted = start < Content.Length ? (int)Math.Min(Page.Size, Content.Length - start) : 0;
        var done = _file!.Read(start, page[..wanted]);
        if (done < 0 || done == 0 && wanted > 0)
        {
            return Errno.EIO;
        }

        page[(int)done..].Clear();
        return Errno.None;
    }

    Errno IPageSource.WritePage(ulong index, ReadOnlySpan<byte> bytes)
    {
        var error = OpenHost(HostAccess.ReadWrite);
        if (error != Errno.None)
        {
            return Errno.EIO;
        }

        var done = _file!.Write(index << Page.Shift, bytes);
        return done == bytes.Length ? Errno.None : done == Errno.ENOSPC.ToResult() ? Errno.ENOSPC : Errno.EIO;
    }

    internal override void Drop()
    {
        _pages?.Sync();
        if (_timesDiffer && !IsUnlinked)
        {
            FileSystem.Host.Change(HostPath, new AttributeChange { ModifyTime = _modified });
            _timesDiffer = false;
        }

        _pages?.Drop();
        _pages = null;
        Close();
    }

    protected override void OnRefreshed(in InodeAttributes before, in InodeAttributes now)
    {
        if (_pages is not null && !_timesDiffer && (before.Size != now.Size || before.ModifyTime != now.ModifyTime))
        {
            _pages.SetLength(0);
            _pages.SetLength(now.Size);
        }
    }

    // Times are the machine's own while the file is in use here, and are given to the host at the end.
    private void NoteOwnWrite()
    {
        _timesDiffer = true;
        NoteContentChange();
        _modified = FileSystem.Now();
    }

    private Errno OpenHost(HostAccess access)
    {
        if (_file is not null && _access >= access)
        {
            return Errno.None;
        }

        if (IsUnlinked)
        {
            return Errno.ENOENT;
        }

        var error = FileSystem.Host.Open(HostPath, access, out var file);
        if (error == Errno.None && (file!.Stat(out var attributes) != Errno.None || (attributes.Device, attributes.Number) != Identity))
        {
            // The name has become another file's.
            file.Dispose();
            error = Errno.ESTALE;
        }

        if (error == Errno.None)
        {
            Close();
            _file = file;
            _access = access;
        }

        return error;
    }

    private void Close()
    {
        _file?.Dispose();
        _file = null;
    }
}
