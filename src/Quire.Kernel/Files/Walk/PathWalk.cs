using Quire.Primitives;

namespace Quire.Kernel.Files.Walk;

/// <summary>How a path is walked.</summary>
[Flags]
public enum WalkModes
{
    None = 0,

    /// <summary>A symbolic link as last component is followed.</summary>
    FollowLast = 1,

    /// <summary>The last component must be a directory.</summary>
    Directory = 2,

    /// <summary>The empty path means the start (AT_EMPTY_PATH).</summary>
    AllowEmpty = 4,

    /// <summary>The last component may be missing: <see cref="WalkResult.Inode"/> is null then.</summary>
    AllowMissing = 8,

    /// <summary>Stops at the parent: the last component is not looked up.</summary>
    ParentOnly = 16,
}

/// <summary>What the last component of a path was.</summary>
public enum LastComponent
{
    Name,
    Dot,
    DotDot,

    /// <summary>The path was "/" or a link led straight to a place.</summary>
    Place,
}

/// <summary>Where a walk ended.</summary>
public readonly record struct WalkResult
{
    /// <summary>The directory that holds, or would hold, the last component.</summary>
    public FileLocation Parent { get; init; }

    public string Name { get; init; }

    public LastComponent Last { get; init; }

    public bool HasTrailingSlash { get; init; }

    /// <summary>Null if the last component is missing or was not looked up.</summary>
    public FileLocation? Found { get; init; }
}

/// <summary>
/// Path resolution (path_resolution(7)): one component after the other, through mounts and symbolic links, with search permission asked of
/// every directory. At most 40 links are followed in one walk (Linux, MAXSYMLINKS).
/// </summary>
internal ref struct PathWalk
{
    public const int MaximumNameLength = 255;
    private const int MaximumLinks = 40;

    private readonly MountTable _mounts;
    private readonly FileCaller _caller;
    private readonly Stack<PendingPath> _pending = new();
    private FileLocation _current;
    private int _links;

    public PathWalk(MountTable mounts, in FileCaller caller)
    {
        _mounts = mounts;
        _caller = caller;
    }

    public Errno Run(FileLocation start, string path, WalkModes modes, out WalkResult result)
    {
        result = default;
        if (path.Length == 0)
        {
            if ((modes & WalkModes.AllowEmpty) == 0)
            {
                return Errno.ENOENT;
            }

            result = new WalkResult { Parent = start, Name = "", Last = LastComponent.Place, Found = start };
            return Errno.None;
        }

        _current = path[0] == '/' ? _caller.Context.Root : start;
        _pending.Push(new PendingPath(path, 0));
        while (true)
        {
            if (!TryTakeComponent(out var name, out var isLast, out var slashAfter))
            {
                // Nothing but slashes.
                result = new WalkResult { Parent = _current, Name = "", Last = LastComponent.Place, Found = _current, HasTrailingSlash = true };
                return Errno.None;
            }

            if (!_current.Inode.IsDirectory)
            {
                return Errno.ENOTDIR;
            }

            var error = AccessCheck.Check(_caller.Credentials, _current.Inode.Attributes, AccessModes.Execute);
            if (error != Errno.None)
            {
                return error;
            }

            if (name.Length > MaximumNameLength)
            {
                return Errno.ENAMETOOLONG;
            }

            if (isLast && (modes & WalkModes.ParentOnly) != 0)
            {
                result = new WalkResult { Parent = _current, Name = name, Last = KindOf(name), HasTrailingSlash = slashAfter };
                return Errno.None;
            }

            if (name is "." or "..")
            {
                _current = name == "." ? _current : Up(_current);
                if (isLast)
                {
                    result = new WalkResult { Parent = _current, Name = name, Last = KindOf(name), HasTrailingSlash = slashAfter, Found = _current };
                    return Errno.None;
                }

                continue;
            }

            error = _current.Inode.Lookup(name, out var inode);
            if (error == Errno.ENOENT && isLast && (modes & WalkModes.AllowMissing) != 0)
            {
                result = new WalkResult { Parent = _current, Name = name, HasTrailingSlash = slashAfter };
                return Errno.None;
            }

            if (error != Errno.None)
            {
                return error;
            }

            var found = _mounts.Descend(new FileLocation(_current.Mount, _current.Entry.Child(name, inode!)));
            if (found.Inode.Type == FileType.SymbolicLink && (!isLast || slashAfter || (modes & WalkModes.FollowLast) != 0))
            {
                error = Follow(found, slashAfter, out var jumped);
                if (error != Errno.None)
                {
                    return error;
                }

                if (!jumped)
                {
                    continue;
                }

                found = _current;
                if (isLast)
                {
                    return Finish(new WalkResult { Parent = found, Name = "", Last = LastComponent.Place, HasTrailingSlash = slashAfter, Found = found }, modes, out result);
                }

                continue;
            }

            if (isLast)
            {
                return Finish(new WalkResult { Parent = _current, Name = name, HasTrailingSlash = slashAfter, Found = found }, modes, out result);
            }

            _current = found;
        }
    }

    private static Errno Finish(in WalkResult end, WalkModes modes, out WalkResult result)
    {
        result = end;
        var mustBeDirectory = end.HasTrailingSlash || (modes & WalkModes.Directory) != 0;
        return mustBeDirectory && !end.Found!.Value.Inode.IsDirectory ? Errno.ENOTDIR : Errno.None;
    }

    private static LastComponent KindOf(string name) => name switch
    {
        "." => LastComponent.Dot,
        ".." => LastComponent.DotDot,
        _ => LastComponent.Name,
    };

    /// <summary>Goes on along a symbolic link. <paramref name="jumped"/>: the link led straight to a place, which is current now.</summary>
    private Errno Follow(FileLocation link, bool slashAfter, out bool jumped)
    {
        jumped = false;
        if (++_links > MaximumLinks)
        {
            return Errno.ELOOP;
        }

        if (link.Inode.TryFollow(_caller.Thread, out var error, out var place))
        {
            jumped = true;
            _current = place;
            return error;
        }

        if (error == Errno.None)
        {
            error = link.Inode.ReadLink(_caller.Thread, out var target);
            if (error == Errno.None && target.Length == 0)
            {
                return Errno.ENOENT;
            }

            if (error == Errno.None)
            {
                _current = target[0] == '/' ? _caller.Context.Root : _current;
                _pending.Push(new PendingPath(slashAfter ? target + "/" : target, 0));
            }
        }

        return error;
    }

    private readonly FileLocation Up(FileLocation from)
    {
        while (true)
        {
            if (from == _caller.Context.Root)
            {
                return from;
            }

            if (from.Entry.Parent is { } parent)
            {
                return _mounts.Descend(new FileLocation(from.Mount, parent));
            }

            if (from.Mount.Point is not { } point)
            {
                return from;
            }

            from = point;
        }
    }

    /// <summary>The next component; <paramref name="isLast"/> if nothing but slashes follows it, in the links' targets and in the path itself.</summary>
    private readonly bool TryTakeComponent(out string name, out bool isLast, out bool slashAfter)
    {
        name = "";
        isLast = false;
        slashAfter = false;
        while (_pending.TryPop(out var path))
        {
            var start = path.Position;
            while (start < path.Text.Length && path.Text[start] == '/')
            {
                start++;
            }

            if (start == path.Text.Length)
            {
                continue;
            }

            var end = path.Text.IndexOf('/', start);
            end = end < 0 ? path.Text.Length : end;
            name = path.Text[start..end];
            slashAfter = end < path.Text.Length;
            var rest = end;
            while (rest < path.Text.Length && path.Text[rest] == '/')
            {
                rest++;
            }

            if (rest < path.Text.Length)
            {
                _pending.Push(new PendingPath(path.Text, rest));
            }

            isLast = _pending.Count == 0;
            return true;
        }

        return false;
    }

    private readonly record struct PendingPath(string Text, int Position);
}
