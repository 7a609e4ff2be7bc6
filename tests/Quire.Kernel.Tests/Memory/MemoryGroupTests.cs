using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Groups;
using Quire.Kernel.Memory.Swap.Compression;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

/// <summary>Charges of control groups. Each world audits at its end that every group's count is what it and those below it have.</summary>
public sealed class MemoryGroupTests
{
    private const ulong P = Page.Size;
    private const long S = Page.Size;

    [Fact]
    public void PagesCountInTheGroupAndAllAboveUntilTheyGo()
    {
        using var world = new MemoryWorld();
        var groups = world.Memory.Groups;
        var parent = groups.Create(groups.Root, "/a");
        var child = groups.Create(parent, "/a/b");
        var sibling = groups.Create(parent, "/a/c");
        groups.Enter(child);
        var memory = world.MapAnonymous(100);
        Touch(world, memory, 100);
        Assert.Equal((100 * S, 100 * S, 0L), (PageBytes(child), PageBytes(parent), sibling.Usage));
        groups.Enter(sibling);
        Touch(world, memory, 100);
        Assert.Equal((100 * S, 0L), (PageBytes(child), sibling.Usage));
        world.Space.Unmap(memory, 60 * P);
        Assert.Equal((40 * S, 40 * S), (PageBytes(child), PageBytes(parent)));
        Assert.True(parent.Peak >= 100 * S);
    }

    [Fact]
    public void FilePagesBelongToWhoReadThemFirst()
    {
        using var world = new MemoryWorld();
        var groups = world.Memory.Groups;
        var (first, second) = (groups.Create(groups.Root, "/a"), groups.Create(groups.Root, "/b"));
        var file = world.NewFileOfPages(20);
        groups.Enter(first);
        Assert.Equal(8, file.Pages!.ReadBytes(0, new byte[8]));
        var charged = first.Usage;
        groups.Enter(second);
        Assert.Equal(8, file.Pages!.ReadBytes(0, new byte[8]));
        Assert.True(charged > 0);
        Assert.Equal((charged, 0L), (first.Usage, second.Usage));
    }

    [Fact]
    public void TablesAndKernelObjectsOfASpaceAreChargedAndReturned()
    {
        using var world = new MemoryWorld();
        var groups = world.Memory.Groups;
        var group = groups.Create(groups.Root, "/a");
        groups.Enter(group);
        var space = world.NewSpace();
        MemoryWorld.Succeed(space.Map(new MapRequest(default, P, MemoryWorld.ReadWrite, MemoryWorld.PrivateAnonymous)));
        Assert.True(group.Own[KernelMemoryKind.PageTables] >= S && group.Own[KernelMemoryKind.Objects] >= 1248);
        Assert.Equal(group.Own.KernelBytes, group.Usage);
        space.Release();
        Assert.Equal(0, group.Usage);
    }

    [Fact]
    public void TablesAndObjectsAreChargedToWhoMakesThemAndReturnedToWhoHasThem()
    {
        using var world = new MemoryWorld();
        var groups = world.Memory.Groups;
        var (first, second) = (groups.Create(groups.Root, "/a"), groups.Create(groups.Root, "/b"));
        groups.Enter(first);
        var space = world.NewSpace();
        var before = first.Usage;
        groups.Enter(second);
        MemoryWorld.Succeed(space.Map(new MapRequest(default, P, MemoryWorld.ReadWrite, MemoryWorld.PrivateAnonymous)));
        Assert.Equal((before, (long)world.Memory.RegionSlots.Size), (first.Usage, second.Usage));
        space.Release();
        Assert.Equal((0L, 0L), (first.Usage, second.Usage));
    }

    [Fact]
    public void MemoryOfTheKernelsOwnCountsTowardsTheMaximum()
    {
        using var world = new MemoryWorld();
        var groups = world.Memory.Groups;
        var group = groups.Create(groups.Root, "/a");
        group.Max = 32 * S;
        groups.Relieve = _ => ChargeRelief.Refused;
        groups.Enter(group);
        var space = world.NewSpace();
        var result = 0L;
        for (ulong page = 0; page < 800 && result >= 0; page++)
        {
            // Neighbours differ in their rights, so that each is a region of its own.
            var rights = page % 2 == 0 ? Protection.Read : MemoryWorld.ReadWrite;
            result = space.Map(new MapRequest(default, P, rights, MemoryWorld.PrivateAnonymous));
        }

        Assert.Equal(Errno.ENOMEM.ToResult(), result);
        Assert.Equal(0, space.Counters.Resident);
        Assert.InRange(group.Own[KernelMemoryKind.Objects], 20 * S, 32 * S);
        Assert.True(group.Peak <= 32 * S && group.LocalEvents[MemoryGroupEvent.Max] > 0);
        Assert.Same(group, groups.TakeRefusal());
        space.Release();
    }

    [Fact]
    public void PagesGoToMakeRoomForMemoryOfTheKernelsOwn()
    {
        using var world = new MemoryWorld();
        var groups = world.Memory.Groups;
        var group = groups.Create(groups.Root, "/a");
        groups.Enter(group);
        world.NewFileOfPages(60).Pages!.ReadBytes(0, new byte[60 * Page.Size]);
        group.Max = group.Usage;
        groups.Relieve = _ => throw new InvalidOperationException("pages of files could go");
        var space = world.NewSpace();
        MemoryWorld.Succeed(space.Map(new MapRequest(default, P, MemoryWorld.ReadWrite, MemoryWorld.PrivateAnonymous)));
        Assert.True(group.Peak <= group.Max && group.Own.Reclaim.Stolen > 0);
        space.Release();
    }

    [Fact]
    public void WhatTheKernelKeepsForAGroupThatGoesIsKeptByTheGroupAbove()
    {
        using var world = new MemoryWorld();
        var groups = world.Memory.Groups;
        var parent = groups.Create(groups.Root, "/a");
        var child = groups.Create(parent, "/a/b");
        groups.Enter(child);
        var space = world.NewSpace();
        var usage = child.Usage;
        groups.Enter(groups.Root);
        groups.Remove(child);
        Assert.Empty(groups.Removed);
        Assert.Equal(usage, parent.Own[KernelMemoryKind.PageTables] + parent.Own[KernelMemoryKind.Objects]);
        groups.Audit();
        groups.Remove(parent);
        Assert.Empty(groups.Removed);
        groups.Audit();
        space.Release();
        Assert.Equal(0, groups.Root.Own.KernelBytes);
    }

    [Fact]
    public void AGroupAtItsMaximumLosesItsOwnPagesAndNotItsSiblings()
    {
        using var world = new MemoryWorld(options: MemoryWorld.WithSwap(2000));
        var groups = world.Memory.Groups;
        var (hog, sibling) = (groups.Create(groups.Root, "/a"), groups.Create(groups.Root, "/b"));
        hog.Max = 100 * S;
        groups.Relieve = _ => throw new InvalidOperationException("there is swap");
        groups.Enter(sibling);
        var kept = world.MapAnonymous(200);
        Touch(world, kept, 200);
        groups.Enter(hog);
        var memory = world.MapAnonymous(1000);
        Touch(world, memory, 1000);
        Assert.Equal(200 * S, PageBytes(sibling));
        Assert.InRange(hog.Peak, 90 * S, 100 * S);
        Assert.InRange(hog.SwapUsage, 900 * S, 1000 * S);
        Assert.True(hog.Events[MemoryGroupEvent.Max] > 0);
        Check(world, memory, 1000);
        Check(world, kept, 200);
    }

    [Fact]
    public void TheLimitOfAnAncestorBindsAllBelowTogether()
    {
        using var world = new MemoryWorld(options: MemoryWorld.WithSwap(2000));
        var groups = world.Memory.Groups;
        var parent = groups.Create(groups.Root, "/a");
        var (first, second) = (groups.Create(parent, "/a/b"), groups.Create(parent, "/a/c"));
        parent.Max = 100 * S;
        foreach (var group in (MemoryGroup[])[first, second])
        {
            groups.Enter(group);
            Touch(world, world.MapAnonymous(300), 300);
        }

        Assert.InRange(parent.Peak, 90 * S, 100 * S);
        Assert.True(second.Usage > first.Usage);
        Assert.Equal(parent.Usage, first.Usage + second.Usage + parent.Own.KernelBytes);
    }

    [Fact]
    public void AtTheMaximumWithoutSwapAFaultGetsNoPage()
    {
        using var world = new MemoryWorld(options: MemoryWorld.WithSwap(2000));
        var groups = world.Memory.Groups;
        var group = groups.Create(groups.Root, "/a");
        group.Max = 100 * S;
        group.SwapMax = 50 * S;
        var asked = 0;
        groups.Relieve = full =>
        {
            Assert.Same(group, full);
            asked++;
            return ChargeRelief.Refused;
        };
        groups.Enter(group);
        var memory = world.MapAnonymous(200);
        var cpu = world.RunOn(0, world.Space);
        ulong stored = 0;
        while (cpu.TryStore(world.Space, memory + (stored * P), stored))
        {
            stored++;
        }

        Assert.Same(group, groups.TakeRefusal());
        Assert.Null(groups.TakeRefusal());
        Assert.Equal(1, asked);
        Assert.Equal(50 * S, group.SwapUsage);
        Assert.Equal((long)stored * S, PageBytes(group) + group.SwapUsage);
        Assert.InRange(group.Peak, 99 * S, 100 * S);
    }

    [Fact]
    public void APageThatSomebodyDiedForIsCharged()
    {
        using var world = new MemoryWorld();
        var groups = world.Memory.Groups;
        var group = groups.Create(groups.Root, "/a");
        group.Max = 100 * S;
        groups.Enter(group);
        var victim = world.MapAnonymous(80);
        Touch(world, victim, 80);
        var memory = world.MapAnonymous(100);
        groups.Relieve = _ =>
        {
            world.Space.Unmap(victim, 80 * P);
            return ChargeRelief.TryAgain;
        };
        Touch(world, memory, 60);
        Assert.Equal((60 * S, 0L), (PageBytes(group), group.LocalEvents[MemoryGroupEvent.OutOfMemory]));
        Assert.InRange(group.Peak, 99 * S, 100 * S);
    }

    [Fact]
    public void CompressedPagesAreTheGroupsUntilItsLimitForThem()
    {
        using var world = new MemoryWorld(options: MemoryWorld.WithSwap(2000) with { CompressedSwap = new CompressedSwapOptions(50) });
        var groups = world.Memory.Groups;
        var group = groups.Create(groups.Root, "/a");
        group.Max = 100 * S;
        groups.Enter(group);
        var memory = world.MapAnonymous(600);
        Touch(world, memory, 300);
        var compressed = group.CompressedUsage;
        Assert.InRange(compressed, 1, 100 * S);
        Assert.Equal((group.Pool.Count * S) + group.Own.KernelBytes, group.Usage);
        group.CompressedMax = 0;
        Touch(world, memory + (300 * P), 300);
        Assert.Equal(compressed, group.CompressedUsage);
        Check(world, memory + (300 * P), 300);
        world.Space.Unmap(memory, 600 * P);
        Assert.Equal((0L, 0L, 0L), (group.Usage, group.CompressedUsage, group.SwapUsage));
    }

    [Fact]
    public void WhatMinProtectsStaysWhenTheMachineIsShort()
    {
        using var world = new MemoryWorld(ramMiB: 4, MemoryWorld.WithSwap(8000));
        var groups = world.Memory.Groups;
        var (kept, hog) = (groups.Create(groups.Root, "/a"), groups.Create(groups.Root, "/b"));
        kept.Min = 200 * S;
        groups.Enter(kept);
        Touch(world, world.MapAnonymous(300), 300);
        groups.Enter(hog);
        Touch(world, world.MapAnonymous(3000), 3000);
        Assert.InRange(kept.Usage, 200 * S, 299 * S);
        Assert.True(hog.SwapUsage > 1000 * S);
    }

    [Fact]
    public void WhatLowProtectsIsTakenOnlyWhenNothingElseIsLeft()
    {
        using var world = new MemoryWorld(ramMiB: 4, MemoryWorld.WithSwap(8000));
        var groups = world.Memory.Groups;
        var (kept, hog) = (groups.Create(groups.Root, "/a"), groups.Create(groups.Root, "/b"));
        // Its tables and regions count as well.
        kept.Low = 310 * S;
        groups.Enter(kept);
        Touch(world, world.MapAnonymous(300), 300);
        groups.Enter(hog);
        Touch(world, world.MapAnonymous(2000), 2000);
        Assert.Equal((300 * S, 0L), (PageBytes(kept), kept.Events[MemoryGroupEvent.Low]));
        hog.Min = MemoryGroup.Unlimited;
        groups.Enter(groups.Root);
        Touch(world, world.MapAnonymous(400), 400);
        Assert.True(kept.Usage < 300 * S || groups.Root.Pool.Count < 400);
    }

    [Fact]
    public void ARemovedGroupIsForgottenWhenItsLastPageGoes()
    {
        using var world = new MemoryWorld();
        var groups = world.Memory.Groups;
        var parent = groups.Create(groups.Root, "/a");
        var child = groups.Create(parent, "/a/b");
        groups.Enter(child);
        var memory = world.MapAnonymous(10);
        Touch(world, memory, 10);
        groups.Remove(child);
        Assert.Same(parent, groups.Current);
        Assert.Equal([child], groups.Removed);
        Assert.Equal((0L, 10 * S), (child.Own.KernelBytes, PageBytes(parent)));
        world.Space.Unmap(memory, 10 * P);
        Assert.Empty(groups.Removed);
        Assert.Empty(parent.Children);
        Assert.Equal(0, PageBytes(parent));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void CountsAddUpThroughRandomWork(int seed)
    {
        using var world = new MemoryWorld(ramMiB: 8, MemoryWorld.WithSwap(4000));
        var groups = world.Memory.Groups;
        var random = new Random(seed);
        var living = new List<MemoryGroup>();
        var areas = new List<VirtualAddress>();
        for (var step = 0; step < 400; step++)
        {
            switch (random.Next(6))
            {
                case 0 when living.Count < 6:
                    var above = living.Count == 0 || random.Next(2) == 0 ? groups.Root : living[random.Next(living.Count)];
                    living.Add(groups.Create(above, $"/{step}"));
                    living[^1].Max = random.Next(60, 400) * S;
                    break;
                case 1 when living.Count > 0 && living[^1].Children.All(child => child.IsRemoved):
                    groups.Remove(living[^1]);
                    living.RemoveAt(living.Count - 1);
                    break;
                case 2 when areas.Count > 0:
                    world.Space.Unmap(areas[^1], 50 * P);
                    areas.RemoveAt(areas.Count - 1);
                    break;
                case 3 when living.Count > 0:
                    groups.TryToFree(living[random.Next(living.Count)], random.Next(1, 100));
                    break;
                default:
                    groups.Enter(living.Count == 0 ? groups.Root : living[random.Next(living.Count)]);
                    areas.Add(world.MapAnonymous(50));
                    Touch(world, areas[random.Next(areas.Count)], 50);
                    groups.TakeDues();
                    break;
            }

            groups.Audit();
        }
    }

    private static long PageBytes(MemoryGroup group) => group.Usage - group.WithDescendants.Sum(below => below.Own.KernelBytes);

    private static void Touch(MemoryWorld world, VirtualAddress memory, ulong pages)
    {
        var cpu = world.RunOn(0, world.Space);
        for (ulong page = 0; page < pages; page++)
        {
            Assert.True(cpu.TryStore(world.Space, memory + (page * P), memory.Value + page));
        }
    }

    private static void Check(MemoryWorld world, VirtualAddress memory, ulong pages)
    {
        var cpu = world.RunOn(0, world.Space);
        for (ulong page = 0; page < pages; page++)
        {
            Assert.True(cpu.TryLoad(world.Space, memory + (page * P), out var value));
            Assert.Equal(memory.Value + page, value);
        }
    }
}
