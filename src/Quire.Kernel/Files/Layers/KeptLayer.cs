using System.Globalization;
using System.Text;
using Quire.Kernel.Files.Host;
using Quire.Primitives;

namespace Quire.Kernel.Files.Layers;

/// <summary>
/// A writable layer kept in a host directory (--layer): an index of all that guests changed, and beside it a numbered file for the content of
/// each changed file. Content files are written once and never changed. A new state is a new index: it and the content files that are new lie
/// on the disk before it takes the old one's name, and only then go the content files that it does not name. So whenever a run is cut off,
/// the next one finds the old state or the new one. Guests' names stand in the index only, so none of them can be too awkward for the host.
/// </summary>
internal sealed class KeptLayer : IDisposable
{
    // The name of the first format's sidecar, which its own first line tells apart.
    private const string Index = ".wh..wh.meta";
    private const string NextIndex = ".wh..wh.meta.next";
    private const string Contents = ".wh..wh.data";
    private const string LockFile = ".wh..wh.lock";

    // Directories of whole disks have it.
    private const string LostAndFound = "lost+found";

    private const int ChunkBytes = 1 << 16;
    private const uint OwnerOnly = 0x1C0;

    // Above this the whole disk is told to write what it has, which takes one wait instead of one a file.
    private const int MostSyncedOneByOne = 32;

    private readonly LayeredFileSystem _fileSystem;
    private readonly IHostFiles _host;
    private readonly string _directory;
    private readonly IDisposable _lock;
    private Dictionary<LayeredInode, KeptContent> _kept = new(ReferenceEqualityComparer.Instance);
    private long _lastContent;
    private bool _isFormer;
    private bool _keepsFormer;

    /// <exception cref="IOException">The directory cannot be used, or another run uses it.</exception>
    public KeptLayer(LayeredFileSystem fileSystem, IHostFiles host, string directory)
    {
        _fileSystem = fileSystem;
        _host = host;
        _directory = directory;
        var error = host.Lock($"{directory}/{LockFile}", out var held);
        if (error != Errno.None)
        {
            throw new IOException(error == Errno.EAGAIN ? $"{Show(directory)}: another run uses this layer" : $"{Show(directory)}: the layer cannot be used: {error}");
        }

        _lock = held!;
    }

    private string IndexPath => $"{_directory}/{Index}";

    /// <summary>Brings what an earlier run kept into the empty layer.</summary>
    /// <exception cref="IOException">The directory cannot be read, or what it holds is no layer, or a damaged one; the message is one line.</exception>
    public void Load()
    {
        var names = List(_directory);
        if (!names.Any(entry => entry.Name == Index))
        {
            var foreign = names.FirstOrDefault(entry => entry.Name is not (LockFile or NextIndex or Contents or LostAndFound)).Name;
            if (foreign is not null)
            {
                throw new IOException($"{Show(_directory)}: it is no layer, and not empty ({Show(foreign)})");
            }
        }
        else
        {
            try
            {
                LoadFormat();
            }
            catch (FormatException broken)
            {
                throw new IOException($"{Show(IndexPath)}: the layer is damaged: {broken.Message}", broken);
            }
        }

        if (names.Any(entry => entry.Name == Contents))
        {
            foreach (var entry in List($"{_directory}/{Contents}"))
            {
                // Files are numbered from 1; an absurd number is nobody's.
                _lastContent = Math.Max(_lastContent, int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0);
            }
        }
    }

    /// <summary>Writes the layer's state. What could not be kept, a line each: such a file is in the layer as it was before.</summary>
    /// <exception cref="IOException">Nothing could be kept; the state kept before is still there.</exception>
    public IReadOnlyList<string> Save()
    {
        _fileSystem.PlaceCopiedUp();
        var plan = new LayerPlan(_fileSystem, _kept, _lastContent);
        var next = $"{_directory}/{NextIndex}";
        try
        {
            // First of all, so that contents which fill the disk take no room from the names.
            WriteIndex(next, plan.WriteIndex());
            WriteContents(plan);
            if (plan.Lost.Count > 0)
            {
                WriteIndex(next, plan.WriteIndex());
            }

            Sync(plan, next);
            Check(_host.Rename(next, IndexPath, RenameModes.None), next);
        }
        catch (IOException)
        {
            _host.Unlink(next);
            foreach (var content in plan.New)
            {
                _host.Unlink(ContentPath(content.Number));
            }

            throw;
        }

        // The new state counts from here on. Until that is on the disk, the former one stays there, too.
        var synced = _host.Sync(_directory);
        _keepsFormer = synced != Errno.None || plan.Lost.Count > 0;
        MoveOver(plan);
        var lost = plan.Lost.Select(lost => $"{Show(lost.Path)}: {lost.Error}");
        return [.. lost, .. synced == Errno.None ? [] : (string[])[$"{Show(_directory)}: it may not be on the disk yet: {synced}"]];
    }

    /// <summary>Removes what the kept state does not name. For the end of a run: before it, files without a name may still be read.</summary>
    public void Clean()
    {
        if (_keepsFormer)
        {
            return;
        }

        if (_isFormer)
        {
            foreach (var entry in List(_directory))
            {
                if (entry.Name is not (Index or NextIndex or Contents or LockFile or LostAndFound))
                {
                    RemoveTree($"{_directory}/{entry.Name}");
                }
            }

            _isFormer = false;
        }

        var named = _kept.Values.Select(content => content.Number).ToHashSet();
        var contents = new List<ListedEntry>();
        _host.List($"{_directory}/{Contents}", contents);
        foreach (var entry in contents)
        {
            if (!long.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || !named.Contains(number))
            {
                _host.Unlink($"{_directory}/{Contents}/{entry.Name}");
            }
        }
    }

    public void Dispose() => _lock.Dispose();

    internal static void Check(Errno error, string path)
    {
        if (error != Errno.None)
        {
            throw new IOException($"{Show(path)}: {error}");
        }
    }

    private void LoadFormat()
    {
        using var lines = LayerText.ReadLines(_host, IndexPath).GetEnumerator();
        var first = lines.MoveNext() ? lines.Current : throw new FormatException("it is empty");
        if (first == LayerIndex.FirstLine)
        {
            Restore(LayerIndex.Parse(Rest(lines)));
        }
        else if (first.StartsWith("quire-layer ", StringComparison.Ordinal))
        {
            throw new FormatException($"its format is '{first}', this version reads '{LayerIndex.FirstLine}'");
        }
        else
        {
            new FormerLayer(_fileSystem, _host, _directory).Load(IndexPath);
            _isFormer = true;
        }
    }

    private static IEnumerable<string> Rest(IEnumerator<string> lines)
    {
        while (lines.MoveNext())
        {
            yield return lines.Current;
        }
    }

    private void Restore(List<LayerEntry> entries)
    {
        var inodes = new LayeredInode?[entries.Count];
        var directories = new HashSet<LayeredInode>(ReferenceEqualityComparer.Instance);
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            var parent = i == 0 ? null : (LayeredDirectory)inodes[entry.Parent]!;
            inodes[i] = entry.IsGone ? null : entry.SameAs >= 0 ? inodes[entry.SameAs] : parent is null ? _fileSystem.Root : RestoreInode(parent, entry);
            if (entry is { Attributes: { } attributes, IsGone: false, SameAs: < 0 })
            {
                inodes[i]!.RestoreKept(attributes, entry.ExtendedAttributes);
            }

            if (inodes[i] is LayeredDirectory directory && !directories.Add(directory))
            {
                throw new FormatException($"'{Show(entry.Name)}' is a second name of a directory");
            }

            parent?.RestoreName(entry.Name, inodes[i]);
        }
    }

    private LayeredInode RestoreInode(LayeredDirectory parent, LayerEntry entry)
    {
        if (entry.Attributes is null or { Type: FileType.Directory })
        {
            return (entry.Below is { } below ? _fileSystem.DirectoryBelow(below) : null) ?? _fileSystem.Restored(parent, FileType.Directory, "");
        }

        var inode = _fileSystem.Restored(parent, entry.Attributes.Value.Type, entry.Target ?? "");
        if (inode is LayeredFile file && entry.Content > 0)
        {
            var path = ContentPath(entry.Content);
            Check(_host.Stat(path, out var stored), path);
            if (stored.Type != FileType.Regular || stored.Size != entry.Attributes.Value.Size)
            {
                throw new IOException($"{Show(path)}: the layer is damaged: {stored.Size} bytes, not {entry.Attributes.Value.Size}");
            }

            file.RestoreContent(path, stored.Size);
            _kept[file] = new KeptContent(entry.Content, stored.Size);
        }
        else if (inode is LayeredFile && entry.Attributes.Value.Size > 0)
        {
            throw new FormatException($"'{Show(entry.Name)}' has {entry.Attributes.Value.Size} bytes and no content");
        }

        return inode;
    }

    private void WriteContents(LayerPlan plan)
    {
        if (plan.New.Count > 0 && _host.MakeDirectory($"{_directory}/{Contents}", OwnerOnly) is var error and not (Errno.None or Errno.EEXIST))
        {
            Check(error, $"{_directory}/{Contents}");
        }

        foreach (var content in plan.New.ToArray())
        {
            var path = ContentPath(content.Number);
            error = WriteContent(content.File, path, plan.New.Count <= MostSyncedOneByOne ? SyncModes.Now : SyncModes.Later);
            if (error != Errno.None)
            {
                _host.Unlink(path);
                plan.Lose(content, error);
            }
        }
    }

    private Errno WriteContent(LayeredFile file, string path, SyncModes sync)
    {
        // A file of the former format is there already.
        if (file is { HasOwnContent: false, KeptPath: { } kept } && _host.Link(kept, path) == Errno.None)
        {
            return Errno.None;
        }

        var error = _host.MakeNode(path, (uint)FileType.Regular | 0x180, 0);
        if (error != Errno.None || (error = _host.Open(path, HostAccess.ReadWrite, out var target)) != Errno.None)
        {
            return error;
        }

        using (target)
        {
            var chunk = new byte[ChunkBytes];
            var length = file.Content.Length;
            error = target!.SetLength(length);
            for (var offset = 0UL; offset < length && error == Errno.None;)
            {
                var wanted = (int)Math.Min((ulong)chunk.Length, length - offset);
                var read = file.Content.ReadBytes(offset, chunk.AsSpan(0, wanted));
                if (read <= 0)
                {
                    return read < 0 ? (Errno)(-read) : Errno.EIO;
                }

                // Zeros are there already: the file stays sparse.
                var bytes = chunk.AsSpan(0, (int)read);
                if (bytes.ContainsAnyExcept((byte)0) && target.Write(offset, bytes) is var written && written < bytes.Length)
                {
                    return written < 0 ? (Errno)(-written) : Errno.ENOSPC;
                }

                offset += (ulong)read;
            }

            return error == Errno.None && sync == SyncModes.Now ? target.Sync() : error;
        }
    }

    private void WriteIndex(string path, string text)
    {
        if (_host.MakeNode(path, (uint)FileType.Regular | 0x180, 0) is var made and not (Errno.None or Errno.EEXIST))
        {
            Check(made, path);
        }

        Check(_host.Open(path, HostAccess.ReadWrite, out var file), path);
        using (file)
        {
            // Over what is there: the second time that needs no more room.
            var bytes = Encoding.Latin1.GetBytes(text);
            var written = file!.Write(0, bytes);
            Check(written == bytes.Length ? Errno.None : written < 0 ? (Errno)(-written) : Errno.ENOSPC, path);
            Check(file.SetLength((ulong)bytes.Length), path);
            Check(file.Sync(), path);
        }
    }

    private void Sync(LayerPlan plan, string next)
    {
        if (plan.New.Count > MostSyncedOneByOne)
        {
            Check(_host.SyncFileSystem(next), next);
        }
        else if (plan.New.Count > 0)
        {
            Check(_host.Sync($"{_directory}/{Contents}"), Contents);
        }
    }

    private void MoveOver(LayerPlan plan)
    {
        foreach (var content in plan.New)
        {
            // Nobody reads the former content but this file, which has the new one from now on.
            var before = _kept.GetValueOrDefault(content.File);
            content.File.WasKept(ContentPath(content.Number));
            if (before.Number > 0 && !_keepsFormer)
            {
                _host.Unlink(ContentPath(before.Number));
            }
        }

        _kept = plan.Kept;
        _lastContent = plan.LastContent;
    }

    private string ContentPath(long number) => string.Create(CultureInfo.InvariantCulture, $"{_directory}/{Contents}/{number}");

    private void RemoveTree(string path)
    {
        var entries = new List<ListedEntry>();
        if (_host.Stat(path, out var attributes) == Errno.None && attributes.Type == FileType.Directory && _host.List(path, entries) == Errno.None)
        {
            foreach (var entry in entries)
            {
                RemoveTree($"{path}/{entry.Name}");
            }

            _host.RemoveDirectory(path);
        }
        else
        {
            _host.Unlink(path);
        }
    }

    private List<ListedEntry> List(string path)
    {
        var entries = new List<ListedEntry>();
        Check(_host.List(path, entries), path);
        return entries;
    }

    private static string Show(string path) => GuestText.ToHost(path);

    private enum SyncModes
    {
        Now,
        Later,
    }
}

/// <summary>The content file of a kept file.</summary>
internal readonly record struct KeptContent(long Number, ulong Size);
