using System.Diagnostics.CodeAnalysis;
using Quire.Primitives;

namespace Quire.Kernel.Files;

/// <summary>What a process's small numbers stand for. Shared by CLONE_FILES; each entry holds a reference to its open file.</summary>
public sealed class DescriptorTable
{
    /// <summary>fs.nr_open: no limit lets a process have more.</summary>
    public const int Capacity = 1 << 20;

    private Slot[] _slots = new Slot[16];
    private int _lowestFree;
    private int _users = 1;

    /// <summary>One past the highest descriptor that may be open.</summary>
    public int End { get; private set; }

    public OpenFile? Get(int descriptor) => (uint)descriptor < (uint)_slots.Length ? _slots[descriptor].File : null;

    public bool TryGet(ulong descriptor, [NotNullWhen(true)] out OpenFile? file)
    {
        file = Get((int)descriptor);
        return file is not null;
    }

    public bool IsCloseOnExec(int descriptor) => _slots[descriptor].CloseOnExec;

    public void SetCloseOnExec(int descriptor, DescriptorMode mode) => _slots[descriptor].CloseOnExec = mode == DescriptorMode.CloseOnExec;

    /// <summary>
    /// Gives the file the lowest free number at or above <paramref name="minimum"/>, taking over the caller's reference if it succeeds.
    /// EMFILE at <paramref name="limit"/> (RLIMIT_NOFILE).
    /// </summary>
    public int Allocate(OpenFile file, DescriptorMode mode, ulong limit, int minimum = 0)
    {
        var descriptor = NextFree(minimum);
        if ((ulong)descriptor >= Math.Min(limit, Capacity))
        {
            return (int)Errno.EMFILE.ToResult();
        }

        Set(descriptor, file, mode);
        if (minimum <= _lowestFree)
        {
            _lowestFree = descriptor + 1;
        }

        return descriptor;
    }

    /// <summary>One more file can get a number.</summary>
    public bool HasRoom(ulong limit) => (ulong)NextFree(0) < Math.Min(limit, Capacity);

    /// <summary>dup2: the number stands for the file from now on; the caller's reference is taken over. Gives what it stood for, to be closed.</summary>
    public OpenFile? Replace(int descriptor, OpenFile file, DescriptorMode mode)
    {
        var old = Get(descriptor);
        Set(descriptor, file, mode);
        return old;
    }

    /// <summary>Frees a number. Gives the file, whose reference is now the caller's; null if the number was free.</summary>
    public OpenFile? Remove(int descriptor)
    {
        var file = Get(descriptor);
        if (file is not null)
        {
            _slots[descriptor] = default;
            _lowestFree = Math.Min(_lowestFree, descriptor);
        }

        return file;
    }

    /// <summary>Every open descriptor, rising.</summary>
    public IEnumerable<int> Open()
    {
        for (var descriptor = 0; descriptor < End; descriptor++)
        {
            if (Get(descriptor) is not null)
            {
                yield return descriptor;
            }
        }
    }

    /// <summary>The copy that fork gives a child.</summary>
    public DescriptorTable Clone()
    {
        var clone = new DescriptorTable { _slots = [.. _slots], _lowestFree = _lowestFree, End = End };
        foreach (var slot in _slots)
        {
            slot.File?.AddReference();
        }

        return clone;
    }

    /// <summary>One more process shares it (CLONE_FILES).</summary>
    public DescriptorTable Share()
    {
        _users++;
        return this;
    }

    public bool IsShared => _users > 1;

    /// <summary>A process that had it ends; the last one closes everything.</summary>
    public void Release()
    {
        if (--_users > 0)
        {
            return;
        }

        foreach (var descriptor in Open())
        {
            Close(descriptor);
        }
    }

    /// <summary>Closes a descriptor as close(2) does. EBADF if it is free.</summary>
    public Errno Close(int descriptor)
    {
        var file = Remove(descriptor);
        if (file is null)
        {
            return Errno.EBADF;
        }

        // fcntl locks go when the process closes any descriptor of the file (fcntl(2), POSIX's rule).
        file.Inode.LocksHeld?.ReleaseAll(this);
        file.Release();
        return Errno.None;
    }

    public void CloseOnExec()
    {
        foreach (var descriptor in Open())
        {
            if (_slots[descriptor].CloseOnExec)
            {
                Close(descriptor);
            }
        }
    }

    private int NextFree(int minimum)
    {
        var descriptor = Math.Max(minimum, _lowestFree);
        while (descriptor < _slots.Length && _slots[descriptor].File is not null)
        {
            descriptor++;
        }

        return descriptor;
    }

    private void Set(int descriptor, OpenFile file, DescriptorMode mode)
    {
        if (descriptor >= _slots.Length)
        {
            Array.Resize(ref _slots, Math.Max(descriptor + 1, _slots.Length * 2));
        }

        _slots[descriptor] = new Slot(file, mode == DescriptorMode.CloseOnExec);
        End = Math.Max(End, descriptor + 1);
    }

    private record struct Slot(OpenFile? File, bool CloseOnExec);
}

/// <summary>Whether execve closes a descriptor (FD_CLOEXEC).</summary>
public enum DescriptorMode
{
    KeepOnExec,
    CloseOnExec,
}
