using Quire.Hardware.Cpu;
using Quire.Kernel.Memory;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

/// <summary>Memory calls with arguments that are nearly right or wildly wrong: none throws, and all stays accounted for.</summary>
public sealed class MemoryCallFuzzTests
{
    private static readonly ulong[] EdgeValues =
    [
        0, 1, 4095, 4096, 4097, 0xFFFF, 0x1_0000, 0x7FFF_FFFF_E000, 0x7FFF_FFFF_EFFF, 0x7FFF_FFFF_F000, 0x7FFF_FFFF_FFFF, 0x8000_0000_0000,
        0xFFFF_8000_0000_0000, 0xFFFF_FFFF_FFFF_F000, 0xFFFF_FFFF_FFFF_F001, ulong.MaxValue, long.MaxValue, 1UL << 46, 1UL << 62,
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void NoArgumentsBreakTheKernel(int seed)
    {
        using var world = new MemoryWorld(ramMiB: 4);
        var random = new Random(seed);
        var file = world.NewFileOfPages(8);
        MemoryWorld.Succeed(world.Space.MapStack(100, MemoryWorld.ReadWrite));
        world.Space.StartBreak(new VirtualAddress(0x5555_0000_0000));
        var known = new List<ulong> { world.Space.Layout.MapTop.Value, world.Space.Layout.StackTop.Value, 0x5555_0000_0000 };
        for (var step = 0; step < 6000; step++)
        {
            var address = new VirtualAddress(Address(random, known));
            var length = Length(random);
            var flags = (uint)random.Next() & (random.Next(3) == 0 ? uint.MaxValue : 0x12_8173);
            switch (random.Next(14))
            {
                case 0 or 1 or 2:
                    var request = new MapRequest(address, length, (Protection)random.Next(9), (MapFlags)flags)
                    {
                        File = (flags & (uint)MapFlags.Anonymous) == 0 ? file : null,
                        FileOffset = random.Next(2) == 0 ? 0 : Length(random),
                    };
                    if (world.Space.Map(request) is var mapped and > 0)
                    {
                        known.Add((ulong)mapped);
                    }

                    break;
                case 3:
                    world.Space.Unmap(address, length);
                    break;
                case 4:
                    world.Space.Protect(address, length, (Protection)(random.Next(16) | (random.Next(8) == 0 ? (int)Protection.GrowsDown : 0)));
                    break;
                case 5:
                    world.Space.Remap(address, length, Length(random), (RemapFlags)random.Next(9), new VirtualAddress(Address(random, known)));
                    break;
                case 6 or 7:
                    world.Space.Advise(address, length, (MemoryAdvice)random.Next(-1, 27));
                    break;
                case 8:
                    world.Space.Sync(address, length, (SyncFlags)random.Next(8));
                    break;
                case 9:
                    world.Space.Lock(address, length, (LockFlags)random.Next(3));
                    world.Space.Unlock(address, length);
                    break;
                case 10:
                    world.Space.MemoryInCore(address, Math.Min(length, 1UL << 30), new VirtualAddress(Address(random, known)));
                    break;
                case 11:
                    world.Space.SetBreak(address);
                    break;
                case 12:
                    world.Space.CopyToGuest(address, new byte[random.Next(9000)]);
                    break;
                default:
                    world.Space.HandleFault(address, (PageFaultError)random.Next(32));
                    break;
            }

            if (step % 200 == 0)
            {
                world.Memory.Audit();
            }
        }
    }

    private static ulong Address(Random random, List<ulong> known) => random.Next(8) switch
    {
        0 => EdgeValues[random.Next(EdgeValues.Length)],
        1 => (ulong)random.NextInt64(),
        _ => known[random.Next(known.Count)] + (ulong)(long)(random.Next(-20, 20) * (random.Next(6) == 0 ? 1 : Page.Size)),
    };

    private static ulong Length(Random random) => random.Next(6) switch
    {
        0 => EdgeValues[random.Next(EdgeValues.Length)],
        _ => (ulong)random.Next(16 * Page.Size),
    };
}
