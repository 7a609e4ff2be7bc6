using System.Text;
using Quire.Primitives;

namespace Quire.Kernel.Files.Layers;

/// <summary>
/// A state of the layer as it is about to be kept: every changed name, breadth first, and which files need a content file of their own. What turns out
/// to be impossible to keep is lost: the index then says what was kept of that file before, or nothing, and what is below shows through.
/// </summary>
internal sealed class LayerPlan
{
    private readonly LayeredFileSystem _fileSystem;
    private readonly IReadOnlyDictionary<LayeredInode, KeptContent> _before;
    private readonly List<PlannedName> _names = [];
    private readonly HashSet<LayeredInode> _lostFiles = new(ReferenceEqualityComparer.Instance);

    /// <param name="before">The content files of the state that is kept now.</param>
    /// <param name="lastContent">No content file has a higher number.</param>
    public LayerPlan(LayeredFileSystem fileSystem, IReadOnlyDictionary<LayeredInode, KeptContent> before, long lastContent)
    {
        _fileSystem = fileSystem;
        _before = before;
        LastContent = lastContent;
        var seen = new HashSet<LayeredInode>(ReferenceEqualityComparer.Instance) { fileSystem.Root };
        _names.Add(new PlannedName(0, "/", fileSystem.Root));
        for (var i = 0; i < _names.Count; i++)
        {
            if (_names[i].Inode is LayeredDirectory directory)
            {
                foreach (var (name, inode) in directory.Changes)
                {
                    Add(new PlannedName(i, name, inode), seen);
                }
            }
        }
    }

    public long LastContent { get; private set; }

    /// <summary>The content files to write.</summary>
    public List<NewContent> New { get; } = [];

    /// <summary>The content files of the new state.</summary>
    public Dictionary<LayeredInode, KeptContent> Kept { get; } = new(ReferenceEqualityComparer.Instance);

    /// <summary>Guests' paths that are not kept as they are now, and why.</summary>
    public List<(string Path, Errno Error)> Lost { get; } = [];

    /// <summary>The content cannot be written.</summary>
    public void Lose(NewContent content, Errno error)
    {
        New.Remove(content);
        if (_before.TryGetValue(content.File, out var before))
        {
            Kept[content.File] = before;
        }
        else
        {
            Kept.Remove(content.File);
            _lostFiles.Add(content.File);
        }

        Lost.Add((PathOf(content.Name), error));
    }

    public string WriteIndex()
    {
        var text = new StringBuilder(LayerIndex.FirstLine).Append('\n');
        var numbers = new int[_names.Count];
        var firstNames = new Dictionary<LayeredInode, int>(ReferenceEqualityComparer.Instance);
        var count = 0;
        for (var i = 0; i < _names.Count; i++)
        {
            var name = _names[i];
            if (name.Inode is not null && _lostFiles.Contains(name.Inode))
            {
                continue;
            }

            numbers[i] = count;
            LayerIndex.Append(text, EntryOf(name, numbers[name.Parent], firstNames));
            if (name.Inode is not null)
            {
                firstNames.TryAdd(name.Inode, count);
            }

            count++;
        }

        LayerIndex.AppendEnd(text, count);
        return text.ToString();
    }

    private void Add(PlannedName name, HashSet<LayeredInode> seen)
    {
        // A directory has one name.
        if (name.Inode is { } inode && !seen.Add(inode) && inode.IsDirectory)
        {
            return;
        }

        _names.Add(name);
        if (name.Inode is not LayeredFile file || Kept.ContainsKey(file))
        {
            return;
        }

        if (!file.HasOwnContent && _before.TryGetValue(file, out var before))
        {
            Kept.Add(file, before);
        }
        else if (file.Content.Length > 0)
        {
            Kept.Add(file, new KeptContent(++LastContent, file.Content.Length));
            New.Add(new NewContent(file, LastContent, _names.Count - 1));
        }
    }

    private LayerEntry EntryOf(PlannedName name, int parent, Dictionary<LayeredInode, int> firstNames)
    {
        var entry = new LayerEntry { Parent = parent, Name = name.Name, IsGone = name.Inode is null };
        if (name.Inode is not { } inode)
        {
            return entry;
        }

        if (firstNames.TryGetValue(inode, out var first))
        {
            return entry with { SameAs = first };
        }

        var content = Kept.GetValueOrDefault(inode);
        var target = inode is LayeredLink && inode.ReadLink(null, out var leads) == Errno.None ? leads : null;
        return entry with
        {
            Attributes = !inode.IsOwn && inode.IsDirectory ? null : inode.Attributes with { Size = content.Size },
            Below = inode is LayeredDirectory { LowerPath: { } below } ? below[_fileSystem.LowerRoot!.Length..] : null,
            Target = target,
            Content = content.Number,
            ExtendedAttributes = inode.OwnExtendedAttributes,
        };
    }

    private string PathOf(int name)
    {
        // Of a path that is longer than any line the end tells most.
        const int longest = 256;
        var path = "";
        for (; name != 0 && path.Length < longest; name = _names[name].Parent)
        {
            path = "/" + _names[name].Name + path;
        }

        return name == 0 ? path : "..." + path;
    }

    private readonly record struct PlannedName(int Parent, string Name, LayeredInode? Inode);
}

/// <summary>A content file to be written.</summary>
/// <param name="Name">Which of the plan's names is the file's first.</param>
internal readonly record struct NewContent(LayeredFile File, long Number, int Name);
