using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Quire.Allocation.Tests;

/// <summary>Heaps and threads that end in any order.</summary>
public unsafe class ThreadCachingLifetimeTests
{
    [Fact]
    public void AForgottenHeapLeaksAndHarmsNobody()
    {
        for (var i = 0; i < 40; i++)
        {
            InThread(() =>
            {
                var heap = new ThreadCachingHeap(new NativeRegion(1 << 20));
                for (var k = 0; k < 100; k++)
                {
                    heap.Free(heap.Allocate(64));
                }
            });
            Collect();
        }

        using var usable = new ThreadCachingHeap(new NativeRegion(1 << 20));
        Assert.True(usable.Allocate(64) != null);
    }

    [Fact]
    public void ABlockOfAForgottenHeapStaysReadable()
    {
        var block = Forgotten();
        Collect();
        Assert.Equal(42, *(int*)block);
    }

    [Fact]
    public void ThreadsThatComeAndGoDoNotFillTheHeap()
    {
        using var heap = new ThreadCachingHeap(new NativeRegion(16 << 20));
        var failures = 0;
        for (var i = 0; i < 200; i++)
        {
            InThread(() =>
            {
                var blocks = Enumerable.Range(0, 64).Select(k => (nint)heap.Allocate(4096 * (1 + (k % 7)))).ToList();
                failures += blocks.Count(block => block == 0);
                blocks.ForEach(block => heap.Free((void*)block));
            });
        }

        Assert.Equal(0, failures);
    }

    [Fact]
    public void WhatEndedThreadsCachedIsUsedForLargeBlocks()
    {
        using var heap = new ThreadCachingHeap(new NativeRegion(1 << 20));
        InThread(() =>
        {
            var blocks = Enumerable.Range(0, 32).Select(_ => (nint)heap.Allocate(16 << 10)).ToList();
            blocks.ForEach(block => heap.Free((void*)block));
        });
        Assert.True(heap.Allocate(1 << 20) != null);
    }

    [Fact]
    public void AThreadForgetsHeapsThatOthersDispose()
    {
        using var work = new BlockingCollection<Action>();
        var worker = new Thread(() =>
        {
            foreach (var action in work.GetConsumingEnumerable())
            {
                action();
            }
        });
        worker.Start();
        var heaps = Enumerable.Range(0, 50).Select(_ => UsedByAndDisposed(work)).ToList();
        Collect();
        Assert.True(heaps.Count(heap => heap.IsAlive) <= 2);
        work.CompleteAdding();
        worker.Join();
    }

    [Fact]
    public void AnotherThreadIsToldThatTheHeapIsGone()
    {
        var heap = new ThreadCachingHeap(new NativeRegion(1 << 20));
        var block = (nint)heap.Allocate(64);
        heap.Free((void*)heap.Allocate(64));
        InThread(heap.Dispose);
        Assert.Throws<ObjectDisposedException>(() => { heap.Allocate(64); });
        Assert.Throws<ObjectDisposedException>(() => heap.Free((void*)block));
    }

    [Theory]
    [InlineData("thread-caching", 2)]
    [InlineData("boundary-tag", 2)]
    [InlineData("tlsf", 2)]
    [InlineData("first-fit", 2)]
    [InlineData("buddy", 12)]
    [InlineData("slab", 12)]
    public void ABlockThatGrowsBeforeFreeMemoryIsSeldomMoved(string kind, int most)
    {
        using var heap = AllocatorKinds.Create(AllocatorKinds.Find(kind)!, new AllocatorOptions { Memory = 32 << 20 });
        heap.Allocate(100);
        byte* block = null;
        var moves = 0;
        for (nint size = 64 << 10; size <= 8 << 20; size += 16 << 10)
        {
            var grown = (byte*)heap.Reallocate(block, size);
            moves += grown == block ? 0 : 1;
            grown[size - 1] = 1;
            block = grown;
        }

        Assert.InRange(moves, 1, most);
    }

    [Theory]
    [InlineData(44)]
    [InlineData(45)]
    public void ARegionMayBeNearlyAllAddressesThereAre(int shift)
    {
        NativeRegion region;
        try
        {
            region = new NativeRegion((nint)1 << shift);
        }
        catch (OutOfMemoryException)
        {
            // The host sets fewer addresses aside: nothing to be seen.
            Assert.True(shift > 44, "a process has 2^47 addresses");
            return;
        }

        using var heap = new ThreadCachingHeap(region);
        var small = (byte*)heap.Allocate(100);
        var large = (byte*)heap.Allocate(1 << 20);
        small[99] = large[(1 << 20) - 1] = 1;
        Assert.InRange(heap.Statistics.MetadataBytes, 1, 16 << 20);
    }

    private static void InThread(Action action)
    {
        var thread = new Thread(() => action());
        thread.Start();
        thread.Join();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint Forgotten()
    {
        var block = (int*)new ThreadCachingHeap(new NativeRegion(1 << 20)).Allocate(100);
        *block = 42;
        return (nint)block;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference UsedByAndDisposed(BlockingCollection<Action> work)
    {
        var heap = new ThreadCachingHeap(new NativeRegion(1 << 20));
        using var done = new ManualResetEventSlim();
        work.Add(() =>
        {
            heap.Free(heap.Allocate(64));
            done.Set();
        });
        done.Wait();
        heap.Dispose();
        return new WeakReference(heap);
    }

    private static void Collect()
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
