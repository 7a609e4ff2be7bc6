namespace Quire.Allocation.Tests;

public unsafe class TaggedHeapTests
{
    [Theory]
    [InlineData("boundary-tag")]
    [InlineData("tlsf")]
    public void ADamagedHeaderIsFoundAtTheCall(string kind)
    {
        using var heap = Create(kind);
        var first = (byte*)heap.Allocate(40);
        var second = (byte*)heap.Allocate(40);
        heap.Allocate(40);
        second[-8] ^= 0x10;
        Assert.Equal(HeapMisuse.HeaderDamaged, Assert.Throws<HeapMisuseException>(() => heap.Free(second)).Kind);
        Assert.Equal(HeapMisuse.HeaderDamaged, Assert.Throws<HeapMisuseException>(() => heap.Free(first)).Kind);
    }

    [Theory]
    [InlineData("boundary-tag")]
    [InlineData("tlsf")]
    public void DoubleFreesAreFoundWhateverTheBlockHasBecome(string kind)
    {
        using var heap = Create(kind);
        var blocks = Enumerable.Range(0, 4).Select(_ => (nint)heap.Allocate(100)).ToArray();
        heap.Free((void*)blocks[0]);
        heap.Free((void*)blocks[1]);
        Assert.Equal(HeapMisuse.DoubleFree, Misuse(() => heap.Free((void*)blocks[1])));
        Assert.Equal(HeapMisuse.DoubleFree, Misuse(() => heap.Free((void*)blocks[0])));
        heap.Free((void*)blocks[3]);
        Assert.Equal(HeapMisuse.DoubleFree, Misuse(() => heap.Free((void*)blocks[3])));
        Assert.Equal(HeapMisuse.ForeignPointer, Misuse(() => heap.Free((void*)(blocks[2] + 16))));
        Assert.Equal(HeapMisuse.ForeignPointer, Misuse(() => heap.Free((void*)(blocks[2] + 1))));
    }

    [Theory]
    [InlineData("boundary-tag")]
    [InlineData("tlsf")]
    public void ABlockGrowsIntoTheFreeBlockBehindItAndIntoTheTop(string kind)
    {
        using var heap = Create(kind);
        var first = heap.Allocate(1000);
        var second = heap.Allocate(1000);
        var third = heap.Allocate(100);
        heap.Free(second);
        Assert.True(heap.Reallocate(first, 1500) == first);
        Assert.True(heap.Reallocate(third, 200_000) == third);
        Assert.True(heap.UsableSize(third) >= 200_000);
    }

    [Fact]
    public void HeadersCostEightBytesABlock()
    {
        using var heap = Create("boundary-tag");
        heap.Allocate(56);
        Assert.Equal(64, heap.Statistics.AllocatedBytes);
    }

    // Built Checked, but without the wrapper that would see these errors first.
    private static IAllocator Create(string kind) => AllocatorKinds.Find(kind)!.Build(new AllocatorOptions { Safety = SafetyLevel.Checked });

    private static HeapMisuse Misuse(Action call) => Assert.Throws<HeapMisuseException>(call).Kind;
}
