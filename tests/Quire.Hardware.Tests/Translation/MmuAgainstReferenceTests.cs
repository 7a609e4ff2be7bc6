using Quire.Hardware.Paging;
using Quire.Hardware.Translation;
using Quire.Primitives;
using Xunit;

namespace Quire.Hardware.Tests.Translation;

public sealed class MmuAgainstReferenceTests
{
    private const ulong Small = 0x5555_5540_0000;
    private const ulong Far = 0x7FFE_0000_0000;
    private const ulong Shared = 0xFFFF_8000_0000_0000;
    private const ulong Huge = 0x6000_0000_0000;
    private const int Spaces = 3;

    private static readonly int Seeds = Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is null ? 2 : 4;

    public static TheoryData<string> Configurations =>
    [
        "l1d=64x4",
        "l1d=8x2,l1i=4x4,l2=32x4,pwc=4",
        "l1d=4x1,l1i=4x1,l2=16x1,pwc=1/1/1",
        "l1d=16x16,l1i=12x12,l2=24x12",
        "l1d=512x8,l1i=512x8,l2=1024x4",
        "l1d=8x2,l1i=4x2,l2=off,pwc=2",
        "l1d=8x4,l1i=8x2,l2=32x4,pwc=off",
        "l1d=8x2,l1i=8x2,l2=32x4,tags=off",
        "l1d=16x4,l1i=8x4,l2=32x8,replace=fifo",
        "l1d=16x4,l1i=8x4,l2=32x8,replace=random",
        "l1d=16x4,l1i=8x8,l2=32x8,replace=plru",
        "l1d=32x32:plru,l1i=8x2:fifo,l2=32x2:random,tags=off",
        "off",
    ];

    [Theory]
    [MemberData(nameof(Configurations))]
    public void TranslationsFaultsCountsAndTablesAgreeOverRandomHistories(string configuration)
    {
        for (var seed = 1; seed <= Seeds; seed++)
        {
            using var pair = new MmuPair(Parse(configuration), Spaces);
            Run(pair, seed, steps: 12_000, Discipline.InvalidatesWhatItChanges);
        }
    }

    /// <summary>Without the model there is no promise about stale entries, so it is left out here.</summary>
    [Theory]
    [MemberData(nameof(Configurations))]
    public void StaleEntriesAgreeToo(string configuration)
    {
        if (!Parse(configuration).IsModelled)
        {
            configuration = "l1d=128x2";
        }

        for (var seed = 5; seed <= 6; seed++)
        {
            using var pair = new MmuPair(Parse(configuration), Spaces);
            Run(pair, seed, steps: 12_000, Discipline.ForgetsHalf);
        }
    }

    [Theory]
    [InlineData("l1d=64x4")]
    [InlineData("off")]
    public void MissedInvalidationIsCaught(string configuration)
    {
        using var pair = new MmuPair(Parse(configuration), Spaces) { MissesInvalidations = true };
        Assert.Throws<DifferenceException>(() => Run(pair, 1, steps: 12_000, Discipline.InvalidatesWhatItChanges));
    }

    [Theory]
    [InlineData("l1d=8x2")]
    [InlineData("l1d=64x4")]
    public void HitsWithoutStampsAreCaught(string configuration)
    {
        using var pair = new MmuPair(Parse(configuration), Spaces) { ForgetsStamps = true };
        Assert.Throws<DifferenceException>(() => Run(pair, 1, steps: 12_000, Discipline.InvalidatesWhatItChanges));
    }

    private static TlbOptions Parse(string text)
    {
        Assert.True(TlbOptions.TryParse(text, out var options, out var error), error);
        return options;
    }

    private static void Run(MmuPair pair, int seed, int steps, Discipline discipline)
    {
        var random = new Random(seed);
        for (var space = 0; space < Spaces; space++)
        {
            MapSharedPages(pair, space);
            for (var i = 0; i < 120; i++)
            {
                Change(pair, random, space);
            }
        }

        for (var step = 0; step < steps; step++)
        {
            Step(pair, random, discipline);
            if (step % 64 == 0)
            {
                pair.CheckCounters();
            }
        }

        pair.CheckCounters();
        pair.CheckMemory();
    }

    private static void Step(MmuPair pair, Random random, Discipline discipline)
    {
        var origin = random.Next(2) == 0 ? InvalidationOrigin.Local : InvalidationOrigin.Remote;
        switch (random.Next(1000))
        {
            case < 6:
                pair.Switch(random.Next(Spaces));
                break;
            case < 30:
                var space = random.Next(Spaces);
                var changed = Change(pair, random, space);
                if (discipline == Discipline.InvalidatesWhatItChanges || random.Next(2) == 0)
                {
                    pair.InvalidatePage(space, changed, origin);
                }

                break;
            case < 33:
                pair.InvalidateRange(random.Next(Spaces), PickPage(random), (ulong)random.Next(1, 40), origin);
                break;
            case 33:
                pair.InvalidateTag(random.Next(Spaces), origin);
                break;
            case 34 when random.Next(3) == 0:
                pair.InvalidateAll(origin);
                break;
            default:
                AccessSome(pair, random);
                break;
        }
    }

    /// <summary>A few accesses to one page, as programs make them: fetches in a row, then data.</summary>
    private static void AccessSome(MmuPair pair, Random random)
    {
        var kind = (AccessKind)random.Next(3);
        var page = random.Next(200) == 0 ? 0x0000_8000_0000_0000UL : PickPage(random);
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            if (!pair.Access(page + (ulong)random.Next(Page.Size), kind))
            {
                return;
            }
        }
    }

    private static ulong PickPage(Random random) => random.Next(16) switch
    {
        // A hot set that fits the smallest first level now and then, one that fits the larger, and everything.
        < 5 => Small + ((ulong)random.Next(6) << Page.Shift),
        < 9 => Small + ((ulong)random.Next(40) << Page.Shift),
        < 11 => Small + ((ulong)random.Next(5) << 20) + ((ulong)random.Next(4) << Page.Shift),
        < 13 => Far + ((ulong)random.Next(3) << 30) + ((ulong)random.Next(3) << 21) + ((ulong)random.Next(3) << Page.Shift),
        13 => Shared + ((ulong)random.Next(12) << Page.Shift),
        _ => Huge + ((ulong)random.Next(4) << 21) + ((ulong)random.Next(24) << Page.Shift),
    };

    /// <summary>Changes one private mapping of a space and returns a page of it.</summary>
    private static ulong Change(MmuPair pair, Random random, int space)
    {
        var page = PickPage(random);
        if (page >= Shared)
        {
            return Small;
        }

        var bits = RandomRights(random);
        if (page >= Huge && page < Far)
        {
            // Two 2 MiB pages of RAM's first half; odd ones with PAT set, which is no address bit.
            var frame = new FrameNumber((uint)random.Next(2) * 512);
            var entry = random.Next(5) == 0 ? default : new PageTableEntry(frame, bits | ((ulong)random.Next(2) << 12));
            var start = page & ~PageSize.Size2M.OffsetMask;
            if (entry.Present)
            {
                pair.Map(space, start, entry, PageSize.Size2M);
            }

            return start + ((ulong)random.Next(512) << Page.Shift);
        }

        var value = random.Next(6) == 0 ? new PageTableEntry(0x5A00) : new PageTableEntry(new FrameNumber((uint)random.Next(64)), bits);
        pair.Map(space, page, value);
        return page;
    }

    private static ulong RandomRights(Random random)
    {
        var bits = PageTableEntry.UserBit;
        bits |= random.Next(3) != 0 ? PageTableEntry.WritableBit : 0;
        bits |= random.Next(3) == 0 ? PageTableEntry.NoExecuteBit : 0;
        bits ^= random.Next(24) == 0 ? PageTableEntry.UserBit : 0;
        bits |= random.Next(24) == 0 ? 1UL << 50 : 0;
        return bits;
    }

    /// <summary>
    /// Global pages are the same everywhere, as a kernel's are. Without the model they are not global: its walks set accessed bits in every
    /// space, where a global entry spares some of them.
    /// </summary>
    private static void MapSharedPages(MmuPair pair, int space)
    {
        var bits = PageTableEntry.UserBit | PageTableEntry.WritableBit | (pair.Mmu.Options.IsModelled ? PageTableEntry.GlobalBit : 0);
        for (var i = 0U; i < 8; i++)
        {
            pair.Map(space, Shared + (i << Page.Shift), new PageTableEntry(new FrameNumber(100 + i), bits));
        }
    }

    private enum Discipline
    {
        InvalidatesWhatItChanges,

        /// <summary>A careless kernel: the models still say the same.</summary>
        ForgetsHalf,
    }
}
