using Xunit.Sdk;

namespace Quire.Allocation.Tests;

public unsafe class EveryKindTests
{
    public static TheoryData<string> Kinds => [.. AllocatorKinds.All.Select(kind => kind.Name)];

    public static TheoryData<string> FreeingKinds => [.. AllocatorKinds.All.Select(kind => kind.Name).Where(name => name != "arena")];

    [Theory]
    [MemberData(nameof(FreeingKinds))]
    public void RandomCallsAgreeWithTheModel(string name)
    {
        var partitions = Enumerable.Repeat(8192u, 256).ToList();
        var options = new AllocatorOptions { Memory = 2 << 20, Partitions = partitions };
        using var heap = AllocatorKinds.Create(AllocatorKinds.Find(name)!, options);
        var model = new HeapModel(heap, PromisesOf(name), name.Length);
        model.Run(Lengths.Of(20_000, 200_000));
        Assert.True(model.Reallocations > 100);
    }

    [Theory]
    [MemberData(nameof(FreeingKinds))]
    public void RandomCallsAgreeWithTheModelWhenMemoryIsShort(string name)
    {
        var options = new AllocatorOptions { Memory = 256 << 10, Safety = SafetyLevel.Checked };
        using var heap = AllocatorKinds.Create(AllocatorKinds.Find(name)!, options);
        var model = new HeapModel(heap, Promises.None, 7);
        model.Run(Lengths.Of(10_000, 100_000));
        Assert.True(model.Failures > 0);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void OddRequestsHaveTheDocumentedResults(string name)
    {
        using var heap = AllocatorKinds.Create(AllocatorKinds.Find(name)!, new AllocatorOptions());
        Assert.Throws<ArgumentOutOfRangeException>(() => { heap.Allocate(-1); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { heap.Allocate(nint.MinValue); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { heap.Allocate(8, 3); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { heap.Allocate(8, 0); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { heap.Allocate(8, -16); });
        Assert.True(heap.Allocate(nint.MaxValue) == null);
        Assert.True(heap.Allocate(nint.MaxValue - 15, 4096) == null);
        Assert.True(heap.Allocate((1 << 20) + 1) == null);
        Assert.True(heap.Reallocate(null, nint.MaxValue) == null);
        heap.Free(null);
        var (empty, other) = ((nint)heap.Allocate(0), (nint)heap.Allocate(0));
        Assert.True(empty != 0 && other != 0 && empty != other);
        var grown = (byte*)heap.Reallocate((void*)empty, 40);
        Assert.True(grown != null && heap.UsableSize(grown) >= 40);
        Assert.False((nint)grown <= other && other < (nint)grown + 40);
        heap.Free(grown);
        heap.Free((void*)other);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AnExhaustedHeapGivesNullAndGoesOnWorking(string name)
    {
        using var heap = AllocatorKinds.Create(AllocatorKinds.Find(name)!, new AllocatorOptions());
        var blocks = new List<nint>();
        while (heap.Allocate(1000) is var block && block != null)
        {
            blocks.Add((nint)block);
        }

        Assert.NotEmpty(blocks);
        Assert.True(heap.Allocate(1000) == null);
        blocks.ForEach(block => heap.Free((void*)block));
        Assert.True(name == "arena" || heap.Allocate(1000) != null);
    }

    [Theory]
    [MemberData(nameof(FreeingKinds))]
    public void CheckedHeapsAreNeverSilentAboutMisuse(string name)
    {
        using var heap = AllocatorKinds.Create(AllocatorKinds.Find(name)!, new AllocatorOptions { Safety = SafetyLevel.Checked });
        var block = (byte*)heap.Allocate(100);
        Assert.Equal(HeapMisuse.ForeignPointer, Misuse(() => heap.Free(block + 16)));
        Assert.Equal(HeapMisuse.ForeignPointer, Misuse(() => heap.Free((void*)0x1000)));
        Assert.Equal(HeapMisuse.SizeMismatch, Misuse(() => ((CheckedHeap)heap).Free(block, 99)));
        block[100]++;
        Assert.Equal(HeapMisuse.RedZoneOverwritten, Misuse(() => heap.Free(block)));
        block[100]--;
        block[-1]++;
        Assert.Equal(HeapMisuse.HeaderDamaged, Misuse(() => heap.Reallocate(block, 200)));
        block[-1]--;
        heap.Free(block);
        Assert.Equal(HeapMisuse.DoubleFree, Misuse(() => heap.Free(block)));
    }

    [Fact]
    public void NamesAreDistinct() => Assert.Equal(AllocatorKinds.All.Count, AllocatorKinds.All.Select(kind => kind.Name).Distinct().Count());

    [Theory]
    [InlineData(PlantedBug.ForgetsToCoalesce)]
    [InlineData(PlantedBug.Overlaps)]
    [InlineData(PlantedBug.Leaks)]
    public void TheModelCatchesAPlantedBug(PlantedBug bug)
    {
        using var heap = new UnitHeap(new NativeRegion(1 << 20), new PlantedUnits(1 << 16, bug), 16);
        Assert.ThrowsAny<XunitException>(() => new HeapModel(heap, Promises.ExactWalk | Promises.FullCoalescing, 1).Run(20_000));
    }

    [Fact]
    public void ThePlantedAllocatorWithoutItsBugPasses()
    {
        using var heap = new UnitHeap(new NativeRegion(1 << 20), new PlantedUnits(1 << 16, PlantedBug.None), 16);
        new HeapModel(heap, Promises.ExactWalk | Promises.FullCoalescing, 1).Run(20_000);
    }

    private static Promises PromisesOf(string name) => name switch
    {
        "boundary-tag" or "tlsf" => Promises.ExactWalk | Promises.FullCoalescing,
        _ when name.Contains("fit", StringComparison.Ordinal) => Promises.ExactWalk | Promises.FullCoalescing,
        "slab" => Promises.None,
        _ => Promises.ExactWalk,
    };

    private static HeapMisuse Misuse(Action call) => Assert.Throws<HeapMisuseException>(call).Kind;
}
