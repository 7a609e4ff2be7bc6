using System.Runtime.CompilerServices;
using Quire.Hardware.Cpu;
using Quire.Hardware.Memory;
using Quire.Hardware.Paging;
using Quire.Hardware.Tests.Paging;
using Quire.Hardware.Translation;
using Quire.Primitives;


namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>The CPU under test, with the guest's pages mapped where the host has them.</summary>
internal sealed unsafe class SimulatedProcessor : IDisposable
{
    private const long Budget = 1000;

    private readonly GuestContents _contents;
    private readonly PhysicalMemory _memory = new(ByteSize.FromMiB(1));
    private readonly CodeCache _code;
    private readonly Processor _processor;
    private readonly X64PageTable _table;
    private readonly uint _codeFrame;
    private readonly uint _dataFrame;
    private readonly uint _stackFrame;
    private uint _nextFrame;

    public SimulatedProcessor(GuestContents contents)
    {
        _contents = contents;
        _code = new CodeCache(_memory);
        _processor = new Processor(_memory, TlbOptions.Off, _code);
        Assert.True(X64PageTable.TryCreate(_memory, new TableFrames(_memory), 1, out var table));
        _table = table;
        _codeFrame = Map(GuestLayout.Code, GuestLayout.CodeBytes, 0);
        _dataFrame = Map(GuestLayout.Data, GuestLayout.DataBytes, PageTableEntry.WritableBit | PageTableEntry.NoExecuteBit);
        var readOnlyFrame = Map(GuestLayout.ReadOnly, GuestLayout.ReadOnlyBytes, PageTableEntry.NoExecuteBit);
        _stackFrame = Map(GuestLayout.Stack, GuestLayout.StackBytes, PageTableEntry.WritableBit | PageTableEntry.NoExecuteBit);
        Frames(_codeFrame, GuestLayout.CodeBytes).Fill(GuestLayout.Breakpoint);
        contents.Data.CopyTo(Frames(_dataFrame, GuestLayout.DataBytes));
        contents.ReadOnly.CopyTo(Frames(readOnlyFrame, GuestLayout.ReadOnlyBytes));
        contents.Stack.CopyTo(Frames(_stackFrame, GuestLayout.StackBytes));
        _processor.Mmu.SwitchTo(_table.Root, _table.AddressSpaceTag);
    }

    public Outcome Run(in Request request)
    {
        var crosses = (request.CodeAddress & 0xFFF) + (uint)request.CodeBytes > GuestLayout.PageBytes;
        WriteCode(in request);
        Patch(in request);
        Load(in request.State);
        var exit = _processor.Run(Budget);
        var outcome = new Outcome { Trap = TrapOf(exit.Reason) };
        if (outcome.Trap == Trap.PageFault)
        {
            outcome.FaultAddress = exit.Address.Value;
            outcome.Error = (uint)exit.Error;
        }

        Store(ref outcome.State);
        var changes = new List<MemoryChange>();
        CollectChanges(changes, GuestLayout.Data, Frames(_dataFrame, GuestLayout.DataBytes), _contents.Data);
        CollectChanges(changes, GuestLayout.Stack, Frames(_stackFrame, GuestLayout.StackBytes), _contents.Stack);
        outcome.Changes = changes;
        EraseCode(in request, crosses);
        return outcome;
    }

    public void Dispose()
    {
        _processor.Dispose();
        _code.Dispose();
        _table.Dispose();
        _memory.Dispose();
    }

    private static Trap TrapOf(CpuExitReason reason) => reason switch
    {
        CpuExitReason.BudgetUsed => Trap.Endless,
        CpuExitReason.PageFault => Trap.PageFault,
        CpuExitReason.ProtectionFault => Trap.GeneralProtection,
        CpuExitReason.StackFault => Trap.StackFault,
        CpuExitReason.DivideError => Trap.DivideError,
        CpuExitReason.InvalidOpcode => Trap.InvalidOpcode,
        CpuExitReason.Breakpoint => Trap.Breakpoint,
        CpuExitReason.FloatingPointError => Trap.X87Error,
        _ => Trap.Other,
    };

    private static void CollectChanges(List<MemoryChange> changes, ulong address, Span<byte> live, byte[] usual)
    {
        for (int at; (at = live.CommonPrefixLength(usual)) < live.Length;)
        {
            at &= ~7;
            changes.Add(new MemoryChange(address + (uint)at, Unsafe.ReadUnaligned<ulong>(ref live[at])));
            usual.AsSpan(at, 8).CopyTo(live[at..]);
        }
    }

    private uint Map(ulong address, int bytes, ulong rights)
    {
        var first = _nextFrame;
        for (var at = 0; at < bytes; at += GuestLayout.PageBytes)
        {
            var leaf = new PageTableEntry(new FrameNumber(_nextFrame++), rights | PageTableEntry.UserBit);
            Assert.True(_table.TryMap(new VirtualAddress(address + (uint)at), leaf));
        }

        return first;
    }

    private Span<byte> Frames(uint first, int bytes) => new(_memory.Pointer(new FrameNumber(first)), bytes);

    private void WriteCode(in Request request)
    {
        fixed (byte* code = request.Code)
        {
            new Span<byte>(code, request.CodeBytes).CopyTo(CodeSpan(in request));
        }
    }

    // Blocks over two pages make the cache search all of itself: it is emptied instead.
    private void EraseCode(in Request request, bool crosses)
    {
        CodeSpan(in request).Fill(GuestLayout.Breakpoint);
        if (crosses)
        {
            _code.Reset();
        }
        else
        {
            _code.DropFrame(new FrameNumber(_codeFrame));
            _code.DropFrame(new FrameNumber(_codeFrame + 1));
        }
    }

    private Span<byte> CodeSpan(in Request request) =>
        Frames(_codeFrame, GuestLayout.CodeBytes).Slice((int)(request.CodeAddress - GuestLayout.Code), request.CodeBytes);

    private void Patch(in Request request)
    {
        var isStack = request.PatchAddress >= GuestLayout.Stack;
        var target = isStack ? Frames(_stackFrame, GuestLayout.StackBytes) : Frames(_dataFrame, GuestLayout.DataBytes);
        fixed (byte* patch = request.Patch)
        {
            new Span<byte>(patch, request.PatchBytes).CopyTo(target[(int)(request.PatchAddress - (isStack ? GuestLayout.Stack : GuestLayout.Data))..]);
        }
    }

    private void Load(in MachineState source)
    {
        var state = source;
        ref var registers = ref _processor.Registers;
        registers = CpuRegisters.Initial();
        for (var i = 0; i < 16; i++)
        {
            registers.General[i] = state.General[i];
            registers.Xmm[i] = state.Load<System.Runtime.Intrinsics.Vector128<byte>>(MachineState.XmmOffset + (i * 16));
        }

        registers.Rip = state.Rip;
        registers.Flags = state.Flags;
        registers.Mxcsr = state.Mxcsr;
        registers.X87Control = state.X87Control;
        registers.X87Status = state.X87Status;
        registers.X87Tags = state.X87Tags;
        for (var i = 0; i < 8; i++)
        {
            var physical = ((state.X87Status >> 11) + i) & 7;
            registers.X87Significand[physical] = state.Load<ulong>(MachineState.StackOffset + (i * 16));
            registers.X87SignExponent[physical] = state.Load<ushort>(MachineState.StackOffset + (i * 16) + 8);
        }
    }

    private void Store(ref MachineState state)
    {
        ref var registers = ref _processor.Registers;
        for (var i = 0; i < 16; i++)
        {
            state.General[i] = registers.General[i];
            state.Store(MachineState.XmmOffset + (i * 16), registers.Xmm[i]);
        }

        state.Rip = registers.Rip;
        state.Flags = registers.Flags;
        state.Mxcsr = registers.Mxcsr;
        state.X87Control = registers.X87Control;
        state.X87Status = registers.X87Status;
        state.X87Tags = registers.X87Tags;
        for (var i = 0; i < 8; i++)
        {
            var physical = ((registers.X87Status >> 11) + i) & 7;
            state.Store(MachineState.StackOffset + (i * 16), registers.X87Significand[physical]);
            state.Store(MachineState.StackOffset + (i * 16) + 8, registers.X87SignExponent[physical]);
        }
    }
}
