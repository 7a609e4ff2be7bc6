using Quire.Allocation;
using Quire.Kernel.Files.Host;
using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Files.Layers;

/// <summary>
/// A regular file. Its pages are read from the layer's block if it has one for them, else from the host's file below, else they are zeros;
/// they are always written to a block. So a change copies up only the pages it touches, and mappings made before see it.
/// </summary>
public sealed class LayeredFile : LayeredInode, IRegularContent, IPageSource
{
    private readonly BlockMap _blocks;
    private PageCache? _pages;
    private IHostFile? _lower;
    private string? _originPath;

    // Bytes of the file below that still show through: shrinks with truncation, never grows.
    private ulong _originLength;

    internal LayeredFile(LayeredFileSystem fileSystem, SlabSlot slot, in InodeAttributes attributes)
        : base(fileSystem, slot, attributes) => _blocks = new BlockMap(fileSystem.Blocks, fileSystem.Memory);

    public override PageCache Pages => Content;

    public PageCache Content => _pages ??= MakePages();

    public override InodeAttributes Attributes
    {
        get
        {
            var attributes = base.Attributes;
            if (_pages is null || !IsOwn)
            {
                return attributes;
            }

            return attributes with { Size = _pages.Length, Blocks = CountSectors(attributes) };
        }
    }

    /// <summary>A file that began empty keeps its bytes in frames where the file system does; one with bytes below always has blocks.</summary>
    public bool IsBacked => FileSystem.Placement == DataPlacement.Blocks || _originPath is not null || LowerPath is not null;

    /// <summary>The file lives in frames. Unless it was made to be sealed it has the seal that keeps others away.</summary>
    public bool CanBeSealed => !IsBacked;

    public FileSeals Seals { get; private set; } = FileSeals.Seal;

    string IPageSource.Name => LowerPath ?? $"{FileSystem.TypeName}:{base.Attributes.Number}";

    /// <summary>Where a kept layer has this file; null if it has not.</summary>
    internal string? KeptPath => _originPath;

    /// <summary>Anything of the content differs from the file below.</summary>
    internal bool HasOwnContent { get; private set; }

    public override Errno Open(in OpenRequest request, out OpenFile? file)
    {
        file = null;
        if (!HasOwnContent && (_originPath ?? LowerPath) is not null)
        {
            var error = OpenLower();
            if (error != Errno.None)
            {
                return error;
            }
        }

        file = new RegularFile(request.Location, request.Flags);
        return Errno.None;
    }

    public override Errno SetLength(ulong length)
    {
        if (length > PageCache.MaximumLength)
        {
            return Errno.EFBIG;
        }

        var old = Content.Length;
        if (length < old && IsSealed(FileSeals.Shrink) || length > old && IsSealed(FileSeals.Grow))
        {
            return Errno.EPERM;
        }

        if (length != old)
        {
            TakeOver();
            if (length < old)
            {
                _blocks.Truncate(Page.RoundUp(length) >> Page.Shift);
                _originLength = Math.Min(_originLength, length);
            }

            Content.SetLength(length);
        }
        else if (!IsBacked)
        {
            Content.SetLength(length);
        }

        SetSize(length);
        ContentChanged();
        return Errno.None;
    }

    /// <summary>memfd_create(2) with MFD_ALLOW_SEALING.</summary>
    public void AllowSealing() => Seals = FileSeals.None;

    /// <summary>fcntl(2), F_ADD_SEALS.</summary>
    public Errno AddSeals(FileSeals seals)
    {
        if (!CanBeSealed || (seals & ~FileSeals.All) != 0)
        {
            return Errno.EINVAL;
        }

        if (IsSealed(FileSeals.Seal))
        {
            return Errno.EPERM;
        }

        if ((seals & FileSeals.Write) != 0 && !IsSealed(FileSeals.Write) && Content.IsMappedByWriters)
        {
            return Errno.EBUSY;
        }

        Seals |= seals;
        return Errno.None;
    }

    // Differs from Linux: a write that begins before the end of a file that must not grow is refused as a whole, not from the last page on.
    public Errno PrepareWrite(ulong offset, ulong length) =>
        IsSealed(FileSeals.Write | FileSeals.FutureWrite) || IsSealed(FileSeals.Grow) && offset + length > Content.Length ? Errno.EPERM : Promise(offset, length);

    public void WasWritten(PrivilegeBits bits)
    {
        if (bits == PrivilegeBits.Clear)
        {
            ClearPrivilegeBits();
        }

        ContentChanged();
    }

    public Errno Allocate(AllocationModes modes, ulong offset, ulong length)
    {
        var end = offset + length;
        if (end > PageCache.MaximumLength)
        {
            return Errno.EFBIG;
        }

        // tmpfs knows holes only (mm/shmem.c).
        var known = IsBacked ? AllocationModes.KeepSize | AllocationModes.PunchHole | AllocationModes.ZeroRange | AllocationModes.CollapseRange | AllocationModes.InsertRange
            : AllocationModes.KeepSize | AllocationModes.PunchHole;
        if ((modes & ~known) != 0)
        {
            return Errno.ENOTSUP;
        }

        if ((modes & (AllocationModes.CollapseRange | AllocationModes.InsertRange)) != 0)
        {
            return Shift(modes, offset, length);
        }

        if (IsSealed(FileSeals.Write | FileSeals.FutureWrite) && (modes & (AllocationModes.PunchHole | AllocationModes.ZeroRange)) != 0
            || IsSealed(FileSeals.Grow) && (modes & AllocationModes.PunchHole) == 0 && end > Content.Length)
        {
            return Errno.EPERM;
        }

        var keepsSize = (modes & AllocationModes.KeepSize) != 0;
        if ((modes & (AllocationModes.PunchHole | AllocationModes.ZeroRange)) != 0)
        {
            TakeOver();
            var error = Zero(offset, Math.Min(end, Math.Max(Content.Length, offset)));
            if (error != Errno.None)
            {
                return error;
            }
        }

        if ((modes & AllocationModes.PunchHole) == 0)
        {
            var error = Reserve(offset, length);
            if (error != Errno.None)
            {
                return error;
            }

            if (!keepsSize && end > Content.Length)
            {
                Content.SetLength(end);
            }
        }

        ContentChanged();
        return Errno.None;
    }

    public ulong NextData(ulong offset)
    {
        var page = offset >> Page.Shift;
        var found = FirstWithData(page);
        return found == page ? offset : found < Content.PageCount ? found << Page.Shift : Content.Length;
    }

    public ulong NextHole(ulong offset)
    {
        if (!HasOwnContent)
        {
            return Content.Length;
        }

        var page = offset >> Page.Shift;
        while (page < Content.PageCount && FirstWithData(page) == page)
        {
            page++;
        }

        return page == offset >> Page.Shift ? offset : Math.Min(page << Page.Shift, Content.Length);
    }

    bool IPageSource.TryTakePage() => FileSystem.TryTakeFramePage();

    void IPageSource.ReturnPage() => FileSystem.ReturnFramePage();

    Errno IPageSource.ReadPage(ulong index, Span<byte> page)
    {
        if (_blocks.TryRead(index, page, out var error))
        {
            return error;
        }

        var start = index << Page.Shift;
        if (start >= _originLength || _blocks.IsHole(index))
        {
            page.Clear();
            return Errno.None;
        }

        if (OpenLower() != Errno.None)
        {
            return Errno.EIO;
        }

        var wanted = (int)Math.Min(Page.Size, _originLength - start);
        var done = _lower!.Read(start, page[..wanted]);

        // The host's file shrank or fails: what is not there cannot be made up.
        if (done < 0 || done == 0 && wanted > 0)
        {
            return Errno.EIO;
        }

        page[(int)done..].Clear();
        return Errno.None;
    }

    Errno IPageSource.WritePage(ulong index, ReadOnlySpan<byte> bytes)
    {
        TakeOver();
        return _blocks.Write(index, bytes);
    }

    internal override bool HasPages => _pages is { } pages && (pages.ResidentPages > 0 || pages.MappedRegionCount > 0);

    internal override void DropPages()
    {
        _pages?.Drop();
        _pages = null;
        CloseLower();
    }

    /// <summary>The kept file of an earlier run becomes what shows through.</summary>
    internal void RestoreContent(string path, ulong length)
    {
        _originPath = path;
        _originLength = length;
        SetSize(length);
    }

    /// <summary>Its content was kept anew: bytes that come out of a kept file come out of that one from now on.</summary>
    internal void WasKept(string path)
    {
        if (_originPath is not null)
        {
            CloseLower();
            _originPath = path;
        }
    }

    protected override void OnUnreferenced()
    {
        CloseLower();
        base.OnUnreferenced();
    }

    protected override void OnLowerChanged(in InodeAttributes before, in InodeAttributes now)
    {
        if (_pages is not null && !HasOwnContent && (before.Size != now.Size || before.ModifyTime != now.ModifyTime))
        {
            _originLength = now.Size;
            _pages.SetLength(0);
            _pages.SetLength(now.Size);
        }
    }

    private protected override void Free()
    {
        DropPages();
        _blocks.Truncate(0);
        base.Free();
    }

    private PageCache MakePages()
    {
        if (_originPath is null && LowerPath is not null)
        {
            _originLength = base.Attributes.Size;
        }

        return FileSystem.Memory.CreatePageCache(this, Math.Min(base.Attributes.Size, PageCache.MaximumLength));
    }

    private Errno Promise(ulong offset, ulong length)
    {
        if (offset + length > PageCache.MaximumLength)
        {
            return Errno.EFBIG;
        }

        TakeOver();
        if (!IsBacked)
        {
            // Each page asks for room when it comes into being.
            return Errno.None;
        }

        for (var page = offset >> Page.Shift; length > 0 && page <= (offset + length - 1) >> Page.Shift; page++)
        {
            if (!_blocks.TryPromise(page))
            {
                return Errno.ENOSPC;
            }
        }

        return Errno.None;
    }

    // Room for the whole range, in the file or behind its end: frames at once where files live in them, else blocks. All or nothing.
    private Errno Reserve(ulong offset, ulong length)
    {
        TakeOver();
        var (first, end) = (offset >> Page.Shift, (offset + length + Page.OffsetMask) >> Page.Shift);
        if (!IsBacked)
        {
            return end - first > FileSystem.FreeFramePages + Content.ResidentPages + Content.SwappedPages ? Errno.ENOSPC : Content.Allocate(first, end);
        }

        if (end - first > FileSystem.Blocks.Free + _blocks.Taken)
        {
            return Errno.ENOSPC;
        }

        var promised = new List<ulong>();
        for (var page = first; page < end; page++)
        {
            if (_blocks.HasBlock(page))
            {
                continue;
            }

            if (!_blocks.TryPromise(page))
            {
                promised.ForEach(_blocks.TakeBack);
                return Errno.ENOSPC;
            }

            promised.Add(page);
        }

        return Errno.None;
    }

    // Takes whole pages out of the file, or makes room for some, by moving what lies behind (FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE as ext4 has them).
    private Errno Shift(AllocationModes modes, ulong offset, ulong length)
    {
        var old = Content.Length;
        var isCollapse = modes == AllocationModes.CollapseRange;
        if (modes is not (AllocationModes.CollapseRange or AllocationModes.InsertRange) || ((offset | length) & Page.OffsetMask) != 0
            || (isCollapse ? offset + length >= old : offset >= old))
        {
            return Errno.EINVAL;
        }

        if (!isCollapse && (length > PageCache.MaximumLength || old + length > PageCache.MaximumLength))
        {
            return Errno.EFBIG;
        }

        TakeOver();
        var bytes = new byte[Page.Size];
        var from = isCollapse ? offset + length : offset;
        var pages = (old - from + Page.OffsetMask) >> Page.Shift;
        var error = isCollapse ? Errno.None : SetLength(old + length);
        for (ulong moved = 0; moved < pages && error == Errno.None; moved++)
        {
            var at = from + ((isCollapse ? moved : pages - 1 - moved) << Page.Shift);
            var to = isCollapse ? at - length : at + length;
            var wanted = (int)Math.Min(Page.Size, old - at);
            error = Promise(to, (ulong)wanted);
            var done = error != Errno.None ? 0 : Content.ReadBytes(at, bytes.AsSpan(0, wanted));
            done = done > 0 ? Content.WriteBytes(to, bytes.AsSpan(0, (int)done)) : done;
            error = done < 0 ? (Errno)(-done) : error;
        }

        if (error == Errno.None)
        {
            error = isCollapse ? SetLength(old - length) : Zero(offset, offset + length);
        }

        ContentChanged();
        return error;
    }

    // Differs from Linux: holes of a host's file count as data.
    private ulong FirstWithData(ulong page)
    {
        if (!IsBacked)
        {
            return Content.NextHeld(page);
        }

        var below = page;
        var endBelow = Page.RoundUp(_originLength) >> Page.Shift;
        while (below < endBelow && _blocks.IsHole(below))
        {
            below++;
        }

        return Math.Min(below < endBelow ? below : ulong.MaxValue, Math.Min(_blocks.NextTaken(page), Content.NextDirty(page)));
    }

    private bool IsSealed(FileSeals seals) => CanBeSealed && (Seals & seals) != 0;

    private void TakeOver()
    {
        // The pages must exist before the origin's length is fixed.
        _ = Content;
        HasOwnContent = true;
    }

    private Errno OpenLower()
    {
        if (_lower is not null)
        {
            return Errno.None;
        }

        var path = _originPath ?? LowerPath;
        return path is null ? Errno.EIO : FileSystem.Host.Open(path, HostAccess.Read, out _lower);
    }

    private void CloseLower()
    {
        _lower?.Dispose();
        _lower = null;
    }

    // Whole pages lose their blocks; parts of pages are written with zeros.
    private Errno Zero(ulong start, ulong end)
    {
        if (start >= end)
        {
            return Errno.None;
        }

        var (first, last) = (Page.RoundUp(start), Page.RoundDown(end));
        if (first >= last)
        {
            return Content.ZeroRange(start, end - start);
        }

        var error = Content.ZeroRange(start, first - start);
        if (error == Errno.None)
        {
            Content.PunchHole(first, last - first);
            error = _blocks.Punch(first >> Page.Shift, last >> Page.Shift, Page.RoundUp(_originLength) >> Page.Shift);
            error = error == Errno.None ? Content.ZeroRange(last, end - last) : error;
        }

        return error;
    }

    private ulong CountSectors(in InodeAttributes attributes)
    {
        const ulong SectorsInPage = 8;
        if (!HasOwnContent)
        {
            return attributes.Blocks;
        }

        var pages = !IsBacked ? Content.ResidentPages + Content.SwappedPages : _originLength == 0 ? _blocks.Taken : Page.RoundUp(Content.Length) >> Page.Shift;
        return pages * SectorsInPage;
    }
}
