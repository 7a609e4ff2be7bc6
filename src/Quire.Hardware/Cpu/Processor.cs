using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Quire.Hardware.Memory;
using Quire.Hardware.Translation;
using Quire.Primitives;

namespace Quire.Hardware.Cpu;

/// <summary>
/// One virtual x86-64 CPU in user mode. It runs predecoded blocks until it has to leave; everything it cannot do alone leaves as a
/// <see cref="CpuExit"/>. Not thread-safe: all processors of a machine run on one host thread, one after the other.
/// </summary>
public sealed unsafe partial class Processor : IProcessor, IDisposable
{
    private readonly PhysicalMemory _memory;
    private readonly CodeCache _code;
    private readonly BlockBuilder _builder;
    private readonly IReferenceObserver? _observer;
    private readonly CpuState* _state;
    private readonly JumpEntry* _jumps;
    private readonly Block* _alone;
    private readonly GCHandle _handle;
    private ulong _codePage;
    private Block* _resumeBlock;
    private Op* _resumeOp;
    private int _runAlone;
    private long _faultedInstructions;
    private PageFilter _jumpPages;

    /// <param name="observer">Watches every reference, at the price of one instruction a block and no fast lookup; null: nobody.</param>
    /// <param name="feed">Is told every reference by frame, at less of a price; null: nobody. Not together with an observer.</param>
    public Processor(PhysicalMemory memory, TlbOptions tlb, CodeCache code, IReferenceObserver? observer = null, ReferenceFeed? feed = null)
    {
        _memory = memory;
        _code = code;
        _builder = new BlockBuilder();
        _state = (CpuState*)NativeMemory.AlignedAlloc(CpuState.Size, 64);
        NativeMemory.Clear(_state, CpuState.Size);
        _jumps = (JumpEntry*)NativeMemory.AllocZeroed(JumpEntry.Count, (nuint)sizeof(JumpEntry));
        _alone = (Block*)NativeMemory.AlignedAlloc((nuint)(sizeof(Block) + (BlockBuilder.MaxOps * sizeof(Op))), 64);
        _handle = GCHandle.Alloc(this);
        _state->Registers = CpuRegisters.Initial();
        _state->Owner = GCHandle.ToIntPtr(_handle);
        _state->Jumps = _jumps;
        var entries = (FastEntry*)((byte*)_state + CpuState.DataEntriesOffset);
        if (feed is not null)
        {
            _feed = feed;
            _fedEntries = entries = CreateFedEntries(_state);
            _runs = (FrameRun*)NativeMemory.Alloc(FeedLength + 1, (nuint)sizeof(FrameRun));
            *_runs = new FrameRun { Frame = uint.MaxValue };
            _lastRun = _runs;
        }

        Mmu = new Mmu(memory, tlb, entries, &_state->DataReferences);
        Mmu.TranslationsDropped = OnTranslationsDropped;
        Mmu.BypassesFastLookup = observer is not null;
        _observer = observer;
        code.Register(this);
        ForgetJumps();
    }

    public Mmu Mmu { get; }

    /// <summary>The live registers. Between runs the kernel may change them freely.</summary>
    public ref CpuRegisters Registers => ref _state->Registers;

    /// <summary>Instructions retired since the start. A repeated string instruction is one.</summary>
    public long Instructions { get; private set; }

    /// <summary>Instructions whose bytes lie on two pages: each is two code references.</summary>
    public long StraddlingInstructions { get; private set; }

    /// <summary>Counts of this processor's TLB. An instruction that faulted was fetched, too, and is fetched again when it restarts.</summary>
    public TlbCounters TlbCounters => Mmu.Counters((ulong)(Instructions + _faultedInstructions), (ulong)StraddlingInstructions);

    /// <summary>Virtual nanoseconds at the start of the next run; RDTSC counts on from here.</summary>
    public ulong TimeStamp
    {
        get => _state->TimeStampBase;
        set => _state->TimeStampBase = value;
    }

    /// <inheritdoc/>
    public ulong WalkReferences => Mmu.WalkReferences;

    /// <summary>
    /// Runs from RIP until something needs the kernel or about <paramref name="instructionBudget"/> instructions have retired (a block may overrun it).
    /// Each round of a repeated string instruction counts as one there.
    /// </summary>
    public CpuExit Run(long instructionBudget) =>
        (_state->Registers.OtherFlags & RFlags.Trap) == 0 ? RunBlocks(instructionBudget) : RunStep();

    private CpuExit RunBlocks(long instructionBudget)
    {
        var s = _state;
        s->Executed = 0;
        s->Budget = instructionBudget;

        // A block whose target could not be fetched waits to be linked to it, but now another thread may run.
        s->Link = null;
        var block = TakeResumePoint(out var op);
        if (_feed is not null)
        {
            BeginFeeding(block);
        }

        if (block == null)
        {
            goto lookUp;
        }

        s->Executed = -op->Number;
        goto run;

    lookUp:
        if (s->Executed >= s->Budget)
        {
            s->StopKind = StopKind.None;
            return Leave(instructionBudget);
        }

        block = BlockAtRip();
        if (block == null)
        {
            return Leave(instructionBudget);
        }

        if (s->Link != null)
        {
            *s->Link = block->Straddles || block->Page != s->Current->Page ? null : block;
            s->Link = null;
        }

    enter:
        if (s->Executed >= s->Budget)
        {
            s->Registers.Rip = block->Address;
            s->StopKind = StopKind.None;
            return Leave(instructionBudget);
        }

        if (block->Page != _codePage && !EnterPage(block))
        {
            s->Registers.Rip = block->Address;
            return Leave(instructionBudget);
        }

        op = Block.Ops(block);

    run:
        s->Current = block;
        op->Run(s, op);
        s->Executed += block->Instructions;
        block = s->Next;
        if (block != null)
        {
            goto enter;
        }

        if (s->Stopped == null)
        {
            goto lookUp;
        }

        // The block ended before its last instruction.
        var stopped = s->Stopped;
        var current = s->Current;
        s->Stopped = null;
        var retires = s->StopKind is StopKind.SystemCall or StopKind.Breakpoint or StopKind.Overflow or StopKind.DebugInstruction or StopKind.FlagsLoaded;
        s->Executed += stopped->Number + (retires ? 1 : 0) - current->Instructions;
        _faultedInstructions += retires ? 0 : 1;
        if (_feed is not null && !retires)
        {
            NoteStopped();
        }

        if (s->StopKind == StopKind.FlagsLoaded)
        {
            s->StopKind = StopKind.None;
            return Leave(instructionBudget);
        }

        s->Registers.Rip = current->Address + stopped->Offset + (retires ? stopped->Length : 0UL);
        switch (s->StopKind)
        {
            case StopKind.SelfModified:
                s->Link = null;
                _runAlone = ExpectMoreStores();
                goto lookUp;
            case StopKind.BetweenRounds or StopKind.PageFault:
                _resumeBlock = current->Straddles ? null : current;
                _resumeOp = FirstOpOf(current, stopped);
                break;
            case StopKind.SystemCall:
                s->Registers.General[(int)GeneralRegister.Rcx] = s->Registers.Rip;
                s->Registers.General[(int)GeneralRegister.R11] = s->Registers.Flags;
                break;
        }

        return Leave(instructionBudget);
    }

    public void Dispose()
    {
        _code.Unregister(this);
        _handle.Free();
        NativeMemory.AlignedFree(_state);
        NativeMemory.Free(_jumps);
        NativeMemory.AlignedFree(_fedEntries);
        NativeMemory.Free(_runs);
        NativeMemory.AlignedFree(_alone);
    }

    internal void ForgetJumps()
    {
        _jumpPages.Clear();
        for (var i = 0; i < JumpEntry.Count; i++)
        {
            _jumps[i] = new JumpEntry { Key = ulong.MaxValue };
        }

        _resumeBlock = null;
        _codePage = ulong.MaxValue;
    }

    internal void ForgetJump(Block* block)
    {
        var entry = &_jumps[JumpEntry.IndexOf(block->Address)];
        if (entry->Block == block)
        {
            entry->Key = ulong.MaxValue;
        }

        if (_resumeBlock == block)
        {
            _resumeBlock = null;
        }

        _codePage = ulong.MaxValue;
    }

    private static Op* FirstOpOf(Block* block, Op* op)
    {
        while (op > Block.Ops(block) && op[-1].Number == op->Number)
        {
            op--;
        }

        return op;
    }

    private static CpuExitReason ReasonOf(StopKind kind) => kind switch
    {
        StopKind.None or StopKind.BetweenRounds => CpuExitReason.BudgetUsed,
        StopKind.PageFault => CpuExitReason.PageFault,
        StopKind.SystemCall => CpuExitReason.SystemCall,
        StopKind.ProtectionFault => CpuExitReason.ProtectionFault,
        StopKind.StackFault => CpuExitReason.StackFault,
        StopKind.DivideError => CpuExitReason.DivideError,
        StopKind.InvalidOpcode => CpuExitReason.InvalidOpcode,
        StopKind.Breakpoint => CpuExitReason.Breakpoint,
        StopKind.Overflow => CpuExitReason.Overflow,
        StopKind.DebugInstruction => CpuExitReason.DebugInstruction,
        StopKind.FloatingPointError => CpuExitReason.FloatingPointError,
        _ => throw new InvalidOperationException($"a block stopped for {kind}"),
    };

    private CpuExit Leave(long instructionBudget)
    {
        var executed = _state->Executed;
        if (_feed is not null)
        {
            NoteFetches(Math.Max(executed, _fetched));
            Drain();
        }

        Instructions += executed;
        _codePage = ulong.MaxValue;
        return new CpuExit(ReasonOf(_state->StopKind), new VirtualAddress(_state->FaultAddress), (PageFaultError)_state->FaultError, executed, executed + instructionBudget - _state->Budget);
    }

    // After a resolved page fault the block goes on at the instruction that faulted, unless the kernel changed RIP or the code.
    private Block* TakeResumePoint(out Op* op)
    {
        var block = _resumeBlock;
        op = _resumeOp;
        _resumeBlock = null;
        _codePage = ulong.MaxValue;
        var tag = (ulong)Mmu.AddressSpaceTag << 48;
        if (tag != _state->JumpTag)
        {
            _state->JumpTag = tag;
            return null;
        }

        if (block == null || !block->IsValid || block->Address + op->Offset != _state->Registers.Rip || !TranslateEntry(block))
        {
            return null;
        }

        return block;
    }

}
