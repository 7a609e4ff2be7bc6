namespace Quire.Kernel.Files.Sockets;

/// <summary>Which socket answers under a name: an abstract one, or the inode of a socket in the tree (unix(7)).</summary>
public sealed class SocketRegistry
{
    private readonly Dictionary<string, SocketFile> _abstract = new(StringComparer.Ordinal);
    private readonly Dictionary<Inode, SocketFile> _byInode = [];
    private int _lastAutomatic;

    public FlyingFiles Flying { get; } = new();

    public SocketFile? Find(string abstractName) => _abstract.GetValueOrDefault(abstractName);

    public SocketFile? Find(Inode inode) => _byInode.GetValueOrDefault(inode);

    public bool TryAdd(string abstractName, SocketFile socket) => _abstract.TryAdd(abstractName, socket);

    public void Add(Inode inode, SocketFile socket) => _byInode[inode] = socket;

    public void Remove(string abstractName) => _abstract.Remove(abstractName);

    public void Remove(Inode inode) => _byInode.Remove(inode);

    /// <summary>An abstract name that nobody has: five hexadecimal digits (autobind).</summary>
    public string TakeAutomaticName()
    {
        string name;
        do
        {
            name = $"{_lastAutomatic++ & 0xFFFFF:x5}";
        }
        while (_abstract.ContainsKey(name));

        return name;
    }
}
