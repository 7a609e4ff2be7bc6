namespace Quire.Kernel.Files.Sockets;

/// <summary>
/// Files that are under way in messages (SCM_RIGHTS). Sockets that are nowhere but in each other's messages can be reached by nobody: they are found and
/// emptied (net/unix/garbage.c). References are let go one after the other, since the last of one may be what the next hangs on, however long the chain.
/// </summary>
public sealed class FlyingFiles
{
    // How many sockets may be under way before it is looked for those that nobody reaches.
    private const int CollectAbove = 64;

    private readonly Dictionary<SocketFile, int> _sockets = [];
    private readonly Queue<OpenFile> _toRelease = new();
    private bool _isReleasing;
    private int _collectAt = CollectAbove;

    internal void Sent(IReadOnlyList<OpenFile> files)
    {
        foreach (var file in files)
        {
            if (file is SocketFile socket)
            {
                _sockets[socket] = _sockets.GetValueOrDefault(socket) + 1;
            }
        }

        Collect();
    }

    internal void Taken(IReadOnlyList<OpenFile> files)
    {
        foreach (var file in files)
        {
            if (file is not SocketFile socket)
            {
                continue;
            }

            if (--_sockets[socket] == 0)
            {
                _sockets.Remove(socket);
            }
        }
    }

    /// <summary>Lets references of undelivered files go.</summary>
    internal void Release(IReadOnlyList<OpenFile> files)
    {
        foreach (var file in files)
        {
            _toRelease.Enqueue(file);
        }

        if (_isReleasing)
        {
            return;
        }

        _isReleasing = true;
        while (_toRelease.TryDequeue(out var file))
        {
            file.Release();
        }

        _isReleasing = false;
    }

    /// <summary>Empties sockets that nobody can reach any more, if so many are under way that it is worth a look.</summary>
    internal void Collect()
    {
        if (_sockets.Count < _collectAt)
        {
            return;
        }

        // Reached by descriptors: all that have more references than messages hold.
        var reached = new HashSet<SocketFile>();
        var toFollow = new Stack<SocketFile>();
        foreach (var (socket, inMessages) in _sockets)
        {
            if (socket.References > inMessages && reached.Add(socket))
            {
                toFollow.Push(socket);
            }
        }

        // What lies in a socket that is not itself under way is reached through it; what lies in reached ones, too.
        var inside = new Dictionary<SocketFile, int>();
        foreach (var socket in _sockets.Keys)
        {
            foreach (var held in socket.SocketsReceived())
            {
                inside[held] = inside.GetValueOrDefault(held) + 1;
            }
        }

        foreach (var (socket, inMessages) in _sockets)
        {
            if (inMessages > inside.GetValueOrDefault(socket) && reached.Add(socket))
            {
                toFollow.Push(socket);
            }
        }

        while (toFollow.TryPop(out var socket))
        {
            foreach (var held in socket.SocketsReceived())
            {
                if (reached.Add(held))
                {
                    toFollow.Push(held);
                }
            }
        }

        foreach (var socket in _sockets.Keys.Where(socket => !reached.Contains(socket)).ToArray())
        {
            socket.Empty();
        }

        _collectAt = Math.Max(CollectAbove, _sockets.Count * 2);
    }
}
