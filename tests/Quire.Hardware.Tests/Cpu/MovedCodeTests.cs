using System.Runtime.InteropServices;
using Iced.Intel;
using Quire.Hardware.Cpu;
using Quire.Hardware.Memory;
using Quire.Hardware.Paging;
using Quire.Primitives;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Hardware.Tests.Cpu;

/// <summary>Code of one frame that is mapped at several addresses is decoded once.</summary>
public sealed unsafe class MovedCodeTests
{
    private const ulong Distance = 0x7F12_3456_7000;
    private const ulong Rights = PageTableEntry.UserBit | PageTableEntry.WritableBit;

    [Fact]
    public void AMovedBlockIsTheOneThatIsDecodedThere()
    {
        using var memory = new PhysicalMemory(ByteSize.FromMiB(1));
        using var cache = new CodeCache(memory);
        var (moved, wrong) = (0, 0);
        foreach (var path in DebianInstructionsTests.Files().Where(path => File.Exists(path) && new FileInfo(path).LinkTarget is null))
        {
            var image = File.ReadAllBytes(path);
            foreach (var (offset, size) in DebianInstructionsTests.CodeSections(image))
            {
                Compare(cache, image.AsSpan(offset, size), (ulong)offset, ref moved, ref wrong);
            }
        }

        Assert.Equal(0, wrong);
        Assert.InRange(moved, 50_000, int.MaxValue);
    }

    [Fact]
    public void CodeMappedElsewhereRunsOnItsOwnDataAndBranches()
    {
        using var box = new GuestBox();
        const ulong There = GuestBox.Code + Distance;
        box.Load(Program);
        var here = RunAt(box, GuestBox.Code);
        var built = box.Blocks.BlocksBuilt;
        Assert.True(box.Tables.TryMap(new VirtualAddress(There), new PageTableEntry(box.FrameOf(GuestBox.Code), Rights)));
        box.Map(There + Page.Size, 1);
        box.At<long>(here.Data + Distance) = 140;
        var there = RunAt(box, There);

        Assert.Equal(42UL, here.Result);
        Assert.Equal((142UL, here.Data + Distance), there);
        Assert.Equal(built, box.Blocks.BlocksBuilt);
        Assert.InRange(box.Blocks.BlocksMoved, 4, 10);
    }

    [Fact]
    public void CodeChangedAtOneAddressIsDecodedAgainAtAllOthers()
    {
        using var box = new GuestBox();
        const ulong There = GuestBox.Code + Distance;
        box.Load(Program);
        RunAt(box, GuestBox.Code);
        Assert.True(box.Tables.TryMap(new VirtualAddress(There), new PageTableEntry(box.FrameOf(GuestBox.Code), Rights)));
        box.Load(a =>
        {
            a.mov(eax, 7);
            a.int3();
        });
        Assert.Equal(7UL, RunAt(box, There).Result);
        Assert.Equal(0, box.Blocks.BlocksMoved);
    }

    // Adds 1 by a function and 1 in a loop to what lies a page behind, and takes the address of that.
    private static void Program(Assembler a)
    {
        var data = a.CreateLabel();
        var function = a.CreateLabel();
        var loop = a.CreateLabel();
        a.mov(rax, __[data]);
        a.call(function);
        a.mov(ecx, 3);
        a.Label(ref loop);
        a.dec(ecx);
        a.cmp(ecx, 1);
        a.jne(loop);
        a.add(rax, rcx);
        a.lea(rbx, __[data]);
        a.int3();
        a.Label(ref function);
        a.inc(rax);
        a.ret();
        a.db(new byte[Page.Size]);
        a.Label(ref data);
        a.dq(40);
    }

    private static (ulong Result, ulong Data) RunAt(GuestBox box, ulong address)
    {
        box.Processor.Registers.Rip = address;
        Assert.Equal(CpuExitReason.Breakpoint, box.Run().Reason);
        return (box[GeneralRegister.Rax], box[GeneralRegister.Rbx]);
    }

    private static void Compare(CodeCache cache, ReadOnlySpan<byte> code, ulong start, ref int moved, ref int wrong)
    {
        var builder = new BlockBuilder();
        for (var at = 0; at < code.Length;)
        {
            var address = start + (ulong)at;
            var rest = code.Slice(at, Math.Min(code.Length - at, Page.Size - (int)(address & Page.OffsetMask)));
            if (!builder.TryBuild(address, rest, BlockBuilder.MaxInstructions))
            {
                at += rest.Length;
                continue;
            }

            at += builder.Length;
            if (builder.IsMovable)
            {
                var header = new Block { Address = address, Page = address & Page.Mask, SecondFrame = uint.MaxValue, Instructions = builder.Instructions, Length = builder.Length, IsMovable = true };
                var block = cache.AddMoved(cache.Add(header, builder.Ops), address + Distance);
                Assert.True(builder.TryBuild(address + Distance, rest, BlockBuilder.MaxInstructions));
                var decoded = MemoryMarshal.AsBytes(builder.Ops);
                wrong += decoded.SequenceEqual(new ReadOnlySpan<byte>(Block.Ops(block), block->OpCount * sizeof(Op))) && (block->Length, block->Instructions) == (builder.Length, builder.Instructions) ? 0 : 1;
                moved++;
                if (cache.IsOverLimit)
                {
                    cache.Reset();
                }
            }
        }
    }
}
