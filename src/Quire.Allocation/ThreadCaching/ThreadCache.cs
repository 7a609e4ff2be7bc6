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

/// <summary>The free lists of one thread in one heap. When the thread is gone its finalizer returns the blocks.</summary>
internal sealed unsafe class ThreadCache
{
    private readonly ThreadCachingHeap _heap;

    public ThreadCache(ThreadCachingHeap heap)
    {
        _heap = heap;
        Lists = (FreeList*)NativeMemory.AllocZeroed(SizeClasses.Count, (nuint)sizeof(FreeList));
        for (var sizeClass = 1; sizeClass < SizeClasses.Count; sizeClass++)
        {
            Lists[sizeClass].Limit = SizeClasses.Batch(sizeClass);
        }
    }

    ~ThreadCache() => _heap.Retire(this);

    public FreeList* Lists { get; private set; }

    public void Release()
    {
        NativeMemory.Free(Lists);
        Lists = null;
        GC.SuppressFinalize(this);
    }
}
