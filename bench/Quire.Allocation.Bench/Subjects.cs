using System.Buffers;
using System.Runtime.InteropServices;

namespace Quire.Allocation.Bench;

/// <summary>What is measured. A struct type argument, so that the call is direct as in a program that uses the heap.</summary>
internal unsafe interface ISubject
{
    void* Allocate(nint size);

    void Free(void* block);
}

internal readonly unsafe struct ThreadCachingSubject(ThreadCachingHeap heap) : ISubject
{
    public void* Allocate(nint size) => heap.Allocate(size);

    public void Free(void* block) => heap.Free(block);
}

internal readonly unsafe struct BoundaryTagSubject(BoundaryTagHeap heap) : ISubject
{
    public void* Allocate(nint size) => heap.Allocate(size);

    public void Free(void* block) => heap.Free(block);
}

internal readonly unsafe struct TwoLevelSubject(TwoLevelHeap heap) : ISubject
{
    public void* Allocate(nint size) => heap.Allocate(size);

    public void Free(void* block) => heap.Free(block);
}

internal readonly unsafe struct NativeMemorySubject : ISubject
{
    public void* Allocate(nint size) => NativeMemory.Alloc((nuint)size);

    public void Free(void* block) => NativeMemory.Free(block);
}

/// <summary>Only one size ever; the workloads that mix sizes leave it out.</summary>
internal readonly unsafe struct PoolSubject(BlockPool pool) : ISubject
{
    public void* Allocate(nint size) => pool.Allocate();

    public void Free(void* block) => pool.Free(block);
}

/// <summary>Arrays are kept alive and found through handles that count as the blocks.</summary>
internal sealed unsafe class ArrayPoolSubject : ISubject
{
    private readonly byte[][] _arrays = new byte[1 << 20][];
    private readonly Stack<int> _free = new(Enumerable.Range(1, (1 << 20) - 1).Reverse());

    public void* Allocate(nint size)
    {
        var index = _free.Pop();
        var array = ArrayPool<byte>.Shared.Rent((int)size);
        array[0] = 1;
        _arrays[index] = array;
        return (void*)(nint)index;
    }

    public void Free(void* block)
    {
        var index = (int)(nint)block;
        ArrayPool<byte>.Shared.Return(_arrays[index]);
        _free.Push(index);
    }
}
