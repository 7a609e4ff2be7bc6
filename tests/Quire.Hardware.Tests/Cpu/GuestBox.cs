using Iced.Intel;
using Quire.Hardware.Cpu;
using Quire.Hardware.Memory;
using Quire.Hardware.Paging;
using Quire.Hardware.Translation;
using Quire.Primitives;

namespace Quire.Hardware.Tests.Cpu;

/// <summary>A processor with a little RAM, mapped pages for code, data and stack, and no kernel: exits come to the test.</summary>
internal sealed unsafe class GuestBox : IDisposable, IPageTableFrames
{
    public const ulong Code = 0x40_0000;
    public const ulong Data = 0x1000_0000;
    public const ulong StackTop = 0x7FFF_0000;

    private const ulong Rights = PageTableEntry.UserBit | PageTableEntry.WritableBit;
    private uint _nextFrame = 1;

    public GuestBox(TlbOptions? tlb = null, IReferenceObserver? observer = null, ReferenceFeed? feed = null)
    {
        Memory = new PhysicalMemory(ByteSize.FromMiB(8));
        Blocks = new CodeCache(Memory);
        Processor = new Processor(Memory, tlb ?? TlbOptions.Off, Blocks, observer, feed);
        Assert.True(X64PageTable.TryCreate(Memory, this, 1, out var tables));
        Tables = tables!;
        Map(Code, 4);
        Map(Data, 4);
        Map(StackTop - (4 * Page.Size), 4);
        Processor.Mmu.SwitchTo(Tables.Root, 1);
        Processor.Registers[GeneralRegister.Rsp] = StackTop - 64;
        Processor.Registers.Rip = Code;
    }

    public PhysicalMemory Memory { get; }

    public CodeCache Blocks { get; }

    public Processor Processor { get; }

    public X64PageTable Tables { get; }

    public ulong this[GeneralRegister register]
    {
        get => Processor.Registers[register];
        set => Processor.Registers[register] = value;
    }

    public void Map(ulong address, int pages, ulong rights = Rights)
    {
        for (var page = 0; page < pages; page++)
        {
            Assert.True(Tables.TryMap(new VirtualAddress(address + ((ulong)page << Page.Shift)), new PageTableEntry(new FrameNumber(_nextFrame++), rights)));
        }
    }

    public FrameNumber FrameOf(ulong address) => Tables.Get(new VirtualAddress(address & Page.Mask)).Frame;

    public ref T At<T>(ulong address)
        where T : unmanaged => ref *(T*)(Memory.Pointer(FrameOf(address)) + (address & Page.OffsetMask));

    /// <summary>Assembles to an address and puts the bytes there as a kernel would.</summary>
    public byte[] Load(Action<Assembler> program, ulong address = Code)
    {
        var assembler = new Assembler(64);
        program(assembler);
        using var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), address);
        Put(address, stream.ToArray());
        return stream.ToArray();
    }

    public void Put(ulong address, params byte[] bytes)
    {
        foreach (var value in bytes)
        {
            Memory.Write(FrameOf(address))[(int)(address & Page.OffsetMask)] = value;
            address++;
        }
    }

    public CpuExit Run(long budget = 1_000_000) => Processor.Run(budget);

    public void Dispose()
    {
        Processor.Dispose();
        Blocks.Dispose();
        Memory.Dispose();
    }

    bool IPageTableFrames.TryAllocateTable(out FrameNumber frame)
    {
        frame = new FrameNumber(_nextFrame++);
        return true;
    }

    void IPageTableFrames.FreeTable(FrameNumber frame)
    {
    }
}
