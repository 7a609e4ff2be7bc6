using System.Diagnostics.CodeAnalysis;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Slabs;
using Quire.Primitives;

namespace Quire.Kernel.Files;

/// <summary>What a process's small numbers stand for. Shared by CLONE_FILES; each entry holds a reference to its open file.</summary>
public sealed class DescriptorTable
{
    /// <summary>fs.nr_open: no limit lets a process have more.</summary>
    public const int Capacity = 1 << 20;

    // A chunk of slots lies in memory that the machine pays for, but for the first chunk, which comes with the process.
    private const int ChunkShift = 6;
    private const int ChunkSlots = 1 << ChunkShift;
    private const int SlotBytes = 16;

    private readonly KernelMemory? _memory;
    private readonly KernelCharge? _charge;
    private Slot[]?[] _chunks = [new Slot[ChunkSlots]];
    private int _lowestFree;
    private int _users = 1;

    /// <param name="memory">Pays for long tables; null: nobody does.</param>
    public DescriptorTable(KernelMemory? memory = null)
    {
        _memory = memory;
        _charge = memory is null ? null : new KernelCharge(memory.Slabs.Cache("fdtable", ChunkSlots * SlotBytes));
    }

    /// <summary>One past the highest descriptor that may be open.</summary>
    public int End { get; private set; }

    public OpenFile? Get(int descriptor)
    {
        var chunk = descriptor >> ChunkShift;
        return (uint)chunk < (uint)_chunks.Length && _chunks[chunk] is { } slots ? slots[descriptor & (ChunkSlots - 1)].File : null;
    }

    public bool TryGet(ulong descriptor, [NotNullWhen(true)] out OpenFile? file)
    {
        file = Get((int)descriptor);
        return file is not null;
    }

    public bool IsCloseOnExec(int descriptor) => At(descriptor).CloseOnExec;

    public void SetCloseOnExec(int descriptor, DescriptorMode mode) => At(descriptor).CloseOnExec = mode == DescriptorMode.CloseOnExec;

    /// <summary>
    /// Gives the file the lowest free number at or above <paramref name="minimum"/>, taking over the caller's reference if it succeeds.
    /// EMFILE at <paramref name="limit"/> (RLIMIT_NOFILE), ENOMEM.
    /// </summary>
    public int Allocate(OpenFile file, DescriptorMode mode, ulong limit, int minimum = 0)
    {
        var descriptor = NextFree(minimum);
        if ((ulong)descriptor >= Math.Min(limit, Capacity))
        {
            return (int)Errno.EMFILE.ToResult();
        }

        if (!TryReach(descriptor))
        {
            return (int)Errno.ENOMEM.ToResult();
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

    /// <summary>Makes room for a number. False: no memory.</summary>
    public bool TryReach(int descriptor)
    {
        var chunk = descriptor >> ChunkShift;
        if (chunk < _chunks.Length && _chunks[chunk] is not null)
        {
            return true;
        }

        var longer = chunk < _chunks.Length ? 0 : Math.Max(chunk + 1, Math.Min(_chunks.Length * 2, Capacity >> ChunkShift)) - _chunks.Length;
        if (_charge is not null && !_charge.TryAdd(((long)longer * sizeof(ulong)) + (ChunkSlots * SlotBytes)))
        {
            return false;
        }

        if (longer > 0)
        {
            Array.Resize(ref _chunks, _chunks.Length + longer);
        }

        _chunks[chunk] = new Slot[ChunkSlots];
        return true;
    }

    /// <summary>dup2: the number stands for the file from now on; the caller's reference is taken over. There is room for it. Gives what it stood for, to be closed.</summary>
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
            At(descriptor) = default;
            _lowestFree = Math.Min(_lowestFree, descriptor);
        }

        return file;
    }

    /// <summary>Every open descriptor, rising.</summary>
    public IEnumerable<int> Open()
    {
        for (var chunk = 0; chunk < _chunks.Length; chunk++)
        {
            for (var index = 0; _chunks[chunk] is { } slots && index < ChunkSlots; index++)
            {
                if (slots[index].File is not null)
                {
                    yield return (chunk << ChunkShift) + index;
                }
            }
        }
    }

    /// <summary>The copy that fork gives a child; null: no memory.</summary>
    public DescriptorTable? TryClone()
    {
        var clone = new DescriptorTable(_memory);
        foreach (var descriptor in Open())
        {
            if (!clone.TryReach(descriptor))
            {
                clone.Release();
                return null;
            }

            ref var slot = ref At(descriptor);
            slot.File!.AddReference();
            clone.Set(descriptor, slot.File, slot.CloseOnExec ? DescriptorMode.CloseOnExec : DescriptorMode.KeepOnExec);
        }

        clone._lowestFree = _lowestFree;
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

        _charge?.Clear();
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
            if (At(descriptor).CloseOnExec)
            {
                Close(descriptor);
            }
        }
    }

    private ref Slot At(int descriptor) => ref _chunks[descriptor >> ChunkShift]![descriptor & (ChunkSlots - 1)];

    private int NextFree(int minimum)
    {
        var descriptor = Math.Max(minimum, _lowestFree);
        while (Get(descriptor) is not null)
        {
            descriptor++;
        }

        return descriptor;
    }

    private void Set(int descriptor, OpenFile file, DescriptorMode mode)
    {
        At(descriptor) = new Slot(file, mode == DescriptorMode.CloseOnExec);
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
