using System.Globalization;

namespace Quire.Allocation.Bench;

/// <summary>The engines over indices, and the arena: workloads of their own.</summary>
internal static unsafe class Engines
{
    private const int Rounds = 2_000_000;

    public static IReadOnlyList<string> Names { get; } = ["arena", "slab", "buddy", "buddy-frames", "best-fit"];

    public static void Run(string name, int rounds)
    {
        var nanoseconds = name switch
        {
            "arena" => Arena(rounds),
            "slab" => Slab(rounds),
            "buddy" => Buddy(rounds, unitShift: 6),
            "buddy-frames" => Buddy(rounds, unitShift: 12),
            _ => BestFit(rounds),
        };
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {nanoseconds:0.0}"));
    }

    // 1000 blocks of 64 bytes a scope.
    private static double Arena(int rounds)
    {
        using var arena = new Arena(1 << 24);
        return Clock.Median(rounds, 20_000_000, count =>
        {
            for (long i = 0; i < count; i += 1000)
            {
                using var scope = arena.EnterScope();
                for (var k = 0; k < 1000; k++)
                {
                    *(long*)arena.Allocate(64) = k;
                }
            }
        });
    }

    // The fast path: an object taken and given back on one CPU.
    private static double Slab(int rounds)
    {
        var cache = new SlabCache(new FramesOnly(), new SlabCacheOptions("bench", 192));
        return Clock.Median(rounds, 20_000_000, count =>
        {
            for (long i = 0; i < count; i++)
            {
                cache.TryAllocate(out var slot);
                cache.Free(slot);
            }
        });
    }

    // 256 MiB in units of 64 bytes or frames of 4 KiB; sizes from a unit to 1 MiB, each order half as likely as the one below; two thirds
    // full, random replacement.
    private static double Buddy(int rounds, int unitShift)
    {
        const int RegionShift = 28;
        const int LargestShift = 20;
        var units = 1u << (RegionShift - unitShift);
        var largest = LargestShift - unitShift;
        var buddy = new BuddyAllocator(units, largest);
        var random = new Random(1);
        var orders = new byte[1 << 16];
        for (var i = 0; i < orders.Length; i++)
        {
            orders[i] = (byte)int.TrailingZeroCount(random.Next() | (1 << largest));
        }

        var live = new List<BuddyBlock>();
        while (buddy.FreeUnits > units / 3 && buddy.TryAllocate(orders[live.Count & 0xFFFF], out var index))
        {
            live.Add(new BuddyBlock(index, orders[live.Count & 0xFFFF]));
        }

        var blocks = live.ToArray();
        uint seed = 1;
        return Clock.Median(rounds, Rounds, count =>
        {
            for (long i = 0; i < count; i++)
            {
                seed = (seed * 1664525) + 1013904223;
                ref var block = ref blocks[(int)(((ulong)seed * (uint)blocks.Length) >> 32)];
                buddy.Free(block.Index, block.Order);
                int order = orders[(seed >> 7) & 0xFFFF];
                if (!buddy.TryAllocate(order, out var index))
                {
                    throw new InvalidOperationException("The workload does not fit.");
                }

                block = new BuddyBlock(index, order);
            }
        });
    }

    // 10 000 holes of 1 to 256 units between blocks: a block is taken by best fit and freed again.
    private static double BestFit(int rounds)
    {
        const uint Count = 1 << 22;
        var fit = new FitAllocator(Count, FitPolicy.Best, new HoleTree(Count));
        var random = new Random(1);
        var holes = new List<uint>();
        for (var i = 0; i < 10_000; i++)
        {
            fit.TryAllocate((uint)random.Next(1, 257), 1, out var hole);
            fit.TryAllocate(1, 1, out _);
            holes.Add(hole);
        }

        holes.ForEach(fit.Free);
        var live = new uint[1000];
        for (var i = 0; i < live.Length; i++)
        {
            fit.TryAllocate((uint)random.Next(1, 257), 1, out live[i]);
        }

        uint seed = 1;
        return Clock.Median(rounds, Rounds, count =>
        {
            for (long i = 0; i < count; i++)
            {
                seed = (seed * 1664525) + 1013904223;
                ref var block = ref live[(seed >> 16) % 1000];
                fit.Free(block);
                fit.TryAllocate(((seed >> 8) & 0xFF) + 1, 1, out block);
            }
        });
    }

    private sealed class FramesOnly : ISlabPages
    {
        private readonly BuddyAllocator _frames = new(1024);

        public bool TryAllocateRun(int order, out uint frame) => _frames.TryAllocate(order, out frame);

        public void FreeRun(uint frame, int order) => _frames.Free(frame, order);

        public Span<byte> Memory(uint frame, int order) => [];
    }
}
