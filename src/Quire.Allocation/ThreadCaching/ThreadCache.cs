using System.Runtime.InteropServices;

namespace Quire.Allocation;

/// <summary>A thread's free blocks of one class, linked through their first words.</summary>
internal unsafe struct FreeList
{
    public void* Head;
    public int Count;

    /// <summary>Blocks kept before a batch goes back; grows with use.</summary>
    public int Limit;
}

/// <summary>
/// The free lists of one thread in one heap. Nobody but its thread touches them while it lives; when it has ended, the heap takes the blocks
/// back. Knows no heap, so that a thread that lives long keeps none alive.
/// </summary>
internal sealed unsafe class ThreadCache
{
    private readonly Thread _owner = Thread.CurrentThread;

    public ThreadCache()
    {
        Lists = (FreeList*)NativeMemory.AllocZeroed(SizeClasses.Count, (nuint)sizeof(FreeList));
        for (var sizeClass = 1; sizeClass < SizeClasses.Count; sizeClass++)
        {
            Lists[sizeClass].Limit = SizeClasses.Batch(sizeClass);
        }
    }

    // The blocks themselves are left alone: if the heap was not disposed, nobody can tell whose they are.
    ~ThreadCache() => NativeMemory.Free(Lists);

    public FreeList* Lists { get; }

    public bool IsOwnerAlive => _owner.IsAlive;

    /// <summary>The heap is gone: the lists are empty from now on, and their thread forgets them.</summary>
    public bool IsRetired { get; private set; }

    public void Retire()
    {
        Abandon();
        for (var sizeClass = 1; sizeClass < SizeClasses.Count; sizeClass++)
        {
            Lists[sizeClass] = default;
        }
    }

    /// <summary>As <see cref="Retire"/>, from a finalizer: the lists may be gone already.</summary>
    public void Abandon() => IsRetired = true;
}
