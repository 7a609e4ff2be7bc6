using Quire.Primitives;

namespace Quire.Kernel.Tests.Files;

/// <summary>A file system as simple as can be: what the layered tree must look like to its guests.</summary>
internal sealed class TreeModel
{
    public Node Root { get; } = new() { Children = [] };

    public sealed class Node
    {
        public SortedDictionary<string, Node>? Children { get; init; }

        public string? Target { get; init; }

        public string Content { get; set; } = "";

        public int Links { get; set; } = 1;

        public bool IsDirectory => Children is not null;
    }

    public Node? Find(string path)
    {
        var node = Root;
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (node.Children is null || !node.Children.TryGetValue(part, out node!))
            {
                return null;
            }
        }

        return node;
    }

    public Errno MakeDirectory(string path) => Add(path, new Node { Children = [] });

    public Errno MakeLink(string path, string target) => Add(path, new Node { Target = target });

    public Errno Write(string path, string content)
    {
        if (Find(path) is { } node)
        {
            if (node.IsDirectory)
            {
                return Errno.EISDIR;
            }

            node.Content = content;
            return Errno.None;
        }

        return Add(path, new Node { Content = content });
    }

    public Errno Link(string existing, string path)
    {
        var (error, parent, _) = Parent(existing);
        if (error != Errno.None)
        {
            return error;
        }

        if (Find(existing) is not { } node)
        {
            return parent!.IsDirectory ? Errno.ENOENT : Errno.ENOTDIR;
        }

        (error, parent, var name) = Parent(path);
        if (error != Errno.None)
        {
            return error;
        }

        if (parent!.Children!.ContainsKey(name))
        {
            return Errno.EEXIST;
        }

        if (node.IsDirectory)
        {
            return Errno.EPERM;
        }

        node.Links++;
        parent.Children.Add(name, node);
        return Errno.None;
    }

    public Errno Unlink(string path)
    {
        var (error, parent, name) = Parent(path);
        if (error != Errno.None)
        {
            return error;
        }

        if (!parent!.Children!.TryGetValue(name, out var node))
        {
            return Errno.ENOENT;
        }

        if (node.IsDirectory)
        {
            return Errno.EISDIR;
        }

        node.Links--;
        parent.Children.Remove(name);
        return Errno.None;
    }

    public Errno RemoveDirectory(string path)
    {
        var (error, parent, name) = Parent(path);
        if (error != Errno.None)
        {
            return error;
        }

        if (!parent!.Children!.TryGetValue(name, out var node))
        {
            return Errno.ENOENT;
        }

        if (!node.IsDirectory)
        {
            return Errno.ENOTDIR;
        }

        if (node.Children!.Count > 0)
        {
            return Errno.ENOTEMPTY;
        }

        parent.Children.Remove(name);
        return Errno.None;
    }

    public Errno Rename(string from, string to)
    {
        var (error, oldParent, oldName) = Parent(from);
        if (error != Errno.None)
        {
            return error;
        }

        (error, var newParent, var newName) = Parent(to);
        if (error != Errno.None)
        {
            return error;
        }

        if (!oldParent!.Children!.TryGetValue(oldName, out var moved))
        {
            return Errno.ENOENT;
        }

        newParent!.Children!.TryGetValue(newName, out var replaced);
        if (moved.IsDirectory && (to + "/").StartsWith(from + "/") && to != from)
        {
            return Errno.EINVAL;
        }

        if (replaced is { IsDirectory: true } && (from + "/").StartsWith(to + "/") && to != from)
        {
            return Errno.ENOTEMPTY;
        }

        if (replaced == moved)
        {
            return Errno.None;
        }

        if (replaced is not null)
        {
            if (moved.IsDirectory && !replaced.IsDirectory)
            {
                return Errno.ENOTDIR;
            }

            if (!moved.IsDirectory && replaced.IsDirectory)
            {
                return Errno.EISDIR;
            }

            if (replaced.IsDirectory && replaced.Children!.Count > 0)
            {
                return Errno.ENOTEMPTY;
            }

            replaced.Links--;
        }

        oldParent.Children.Remove(oldName);
        newParent.Children[newName] = moved;
        return Errno.None;
    }

    private Errno Add(string path, Node node)
    {
        var (error, parent, name) = Parent(path);
        return error != Errno.None ? error : parent!.Children!.TryAdd(name, node) ? Errno.None : Errno.EEXIST;
    }

    private (Errno Error, Node? Parent, string Name) Parent(string path)
    {
        var slash = path.LastIndexOf('/');
        var node = Root;
        foreach (var part in path[..slash].Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (node.Children is null)
            {
                return (Errno.ENOTDIR, null, "");
            }

            if (!node.Children.TryGetValue(part, out node!))
            {
                return (Errno.ENOENT, null, "");
            }
        }

        return node.IsDirectory ? (Errno.None, node, path[(slash + 1)..]) : (Errno.ENOTDIR, null, "");
    }
}
