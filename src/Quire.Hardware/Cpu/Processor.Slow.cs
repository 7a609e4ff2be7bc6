using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Quire.Hardware.Translation;
using Quire.Primitives;

namespace Quire.Hardware.Cpu;

/// <content>What instruction handlers and the run loop leave to the Mmu and the code cache.</content>
public sealed unsafe partial class Processor
{
    /// <summary>Ends the block at this op, which has changed nothing (or, for a trap, is done).</summary>
    internal static void Stop(CpuState* s, Op* op, StopKind kind)
    {
        s->StopKind = kind;
        s->Stopped = op;
        s->Next = null;
        s->FaultAddress = 0;
        s->FaultError = 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static byte* ReadSlow(CpuState* s, Op* op, ulong address, int size)
    {
        var processor = Of(s);
        if (processor._feed is not null)
        {
            return processor.ReadFed(op, address, size);
        }

        var pointer = processor.Access(op, address, size, AccessKind.Read);
        if (pointer != null)
        {
            processor._observer?.OnReference(address, size, AccessKind.Read, processor.Mmu.AddressSpaceTag);
        }

        return pointer;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static byte* ReadWriteSlow(CpuState* s, Op* op, ulong address, int size)
    {
        var processor = Of(s);
        if (processor._feed is not null)
        {
            return processor.ReadWriteFed(op, address, size);
        }

        var pointer = processor.Access(op, address, size, AccessKind.Write);
        if (pointer != null && processor._observer is { } observer)
        {
            observer.OnReference(address, size, AccessKind.Read, processor.Mmu.AddressSpaceTag);
            observer.OnReference(address, size, AccessKind.Write, processor.Mmu.AddressSpaceTag);
        }

        return pointer;
    }

    /// <summary>The access that just failed was the stack's own and not that of the op's memory operand.</summary>
    internal static void NoteStackAccess(CpuState* s)
    {
        if (s->StopKind == StopKind.ProtectionFault)
        {
            s->StopKind = StopKind.StackFault;
        }
    }

    /// <summary>Stores the first bytes of the scratch operand.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static bool WriteSlow(CpuState* s, Op* op, ulong address, int size)
    {
        var inPage = Page.Size - (int)(address & Page.OffsetMask);
        var processor = Of(s);
        if (processor._feed is not null && processor.TryWriteFed(op, address, size))
        {
            return true;
        }

        if (size <= inPage)
        {
            var pointer = processor.Translate(op, address, AccessKind.Write);
            if (pointer == null)
            {
                return false;
            }

            Unsafe.CopyBlockUnaligned(pointer, s->Scratch, (uint)size);
            if (processor._feed is not null)
            {
                processor.NoteData(op, processor.FrameAt(pointer), 1);
            }
        }
        else
        {
            if (!processor.TranslateSplit(op, address, size, AccessKind.Write))
            {
                return false;
            }

            WriteBackScratch(s);
            if (processor._feed is not null)
            {
                processor.NoteAccess(op, s->Scratch, 1);
            }
        }

        processor._observer?.OnReference(address, size, AccessKind.Write, processor.Mmu.AddressSpaceTag);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void WriteBackScratch(CpuState* s)
    {
        Unsafe.CopyBlockUnaligned(s->ScratchFirst, s->Scratch, (uint)s->ScratchFirstSize);
        Unsafe.CopyBlockUnaligned(s->ScratchSecond, s->Scratch + s->ScratchFirstSize, (uint)s->ScratchSecondSize);
    }

    /// <summary>Sets Next to the block at the target if it is remembered; else leaves RIP there for the run loop to look it up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void JumpTo(CpuState* s, ulong target)
    {
        var entry = &s->Jumps[JumpEntry.IndexOf(target)];
        if (entry->Key == (target ^ s->JumpTag))
        {
            s->Next = entry->Block;
            return;
        }

        s->Registers.Rip = target;
        s->Next = null;
    }

    internal static bool IsCanonical(ulong address) => Paging.FourLevelPaging.IsCanonical(address);

    // Instructions run one by one after a store into the running block, and how many had retired when the last such store came.
    private const int LongestAlone = 256;
    private int _aloneSpan = 1;
    private long _lastStore;

    private static Processor Of(CpuState* s) => Unsafe.As<Processor>(GCHandle.FromIntPtr(s->Owner).Target!);

    private byte* Access(Op* op, ulong address, int size, AccessKind kind)
    {
        if (size <= Page.Size - (int)(address & Page.OffsetMask))
        {
            return Translate(op, address, kind);
        }

        if (!TranslateSplit(op, address, size, kind))
        {
            return null;
        }

        var s = _state;
        Unsafe.CopyBlockUnaligned(s->Scratch, s->ScratchFirst, (uint)s->ScratchFirstSize);
        Unsafe.CopyBlockUnaligned(s->Scratch + s->ScratchFirstSize, s->ScratchSecond, (uint)s->ScratchSecondSize);
        return s->Scratch;
    }

    private bool TranslateSplit(Op* op, ulong address, int size, AccessKind kind)
    {
        var s = _state;
        var inPage = Page.Size - (int)(address & Page.OffsetMask);

        // All of the address is looked at before any of it is translated.
        if (Mmu.FailsAsNonCanonical(address + (uint)(size - 1)))
        {
            StopForFault(op);
            return false;
        }

        s->ScratchFirst = Translate(op, address, kind);
        if (s->ScratchFirst == null)
        {
            return false;
        }

        s->ScratchSecond = Translate(op, address + (ulong)inPage, kind);
        s->ScratchFirstSize = inPage;
        s->ScratchSecondSize = size - inPage;
        return s->ScratchSecond != null;
    }

    private byte* Translate(Op* op, ulong address, AccessKind kind)
    {
        var pointer = Mmu.TranslateData(address, kind);
        if (pointer == null)
        {
            StopForFault(op);
            return null;
        }

        // A write to a frame with decoded code has dropped its blocks: if this one was among them, it is decoded again first.
        if (Mmu.LastWriteHitCode)
        {
            Mmu.LastWriteHitCode = false;
            if (!_state->Current->IsValid)
            {
                Stop(_state, op, StopKind.SelfModified);
                return null;
            }
        }

        return pointer;
    }

    private void StopForFault(Op* op)
    {
        Stop(_state, op, !Mmu.IsNonCanonical ? StopKind.PageFault : op != null && op->UsesStackSegment ? StopKind.StackFault : StopKind.ProtectionFault);
        _state->FaultAddress = Mmu.FaultAddress;
        _state->FaultError = (uint)Mmu.FaultError;
    }

    private byte* Fetch(ulong address, out FrameNumber frame)
    {
        var pointer = Mmu.EnterCodePage(address, out frame);
        if (pointer == null)
        {
            StopForFault(null);
            _codePage = ulong.MaxValue;
            return null;
        }

        _fetchedFrame = frame.Value;
        _codePage = _observer is null && _feed is null ? address & Page.Mask : ulong.MaxValue;
        return pointer;
    }

    private bool EnterPage(Block* block)
    {
        if (!TranslateEntry(block))
        {
            return false;
        }

        _observer?.OnReference(block->Address, block->Length, AccessKind.Fetch, Mmu.AddressSpaceTag);
        if (_feed is not null)
        {
            EnterFedPage(block);
        }

        return true;
    }

    private bool TranslateEntry(Block* block)
    {
        if (!Mmu.IsModelled)
        {
            _codePage = _observer is null && _feed is null ? block->Page : ulong.MaxValue;
            return true;
        }

        if (Fetch(block->Address, out var frame) == null)
        {
            return false;
        }

        Debug.Assert(frame.Value == block->Frame || block == _alone, "a block is remembered for a page that is mapped elsewhere");
        return true;
    }

    private Block* BlockAtRip()
    {
        var s = _state;
        var address = s->Registers.Rip;
        var pointer = Fetch(address, out var frame);
        if (pointer == null)
        {
            return null;
        }

        if (_runAlone > 0)
        {
            _runAlone--;
            return BuildAlone(address, pointer);
        }

        var block = _code.Find(address, frame.Value);
        if (block != null && block->Straddles)
        {
            StraddlingInstructions++;
            if (Fetch(block->Page + Page.Size, out var second) == null)
            {
                return null;
            }

            if (second.Value != block->SecondFrame)
            {
                _code.DropFrame(frame);
                block = null;
            }
        }

        if (block == null)
        {
            block = Build(address, pointer, frame.Value);
            if (block == null)
            {
                return null;
            }
        }

        if (!block->Straddles)
        {
            s->Jumps[JumpEntry.IndexOf(address)] = new JumpEntry { Key = address ^ s->JumpTag, Block = block };
            _jumpPages.Add(address >> Page.Shift);
        }

        return block;
    }

    private Block* Build(ulong address, byte* pointer, uint frame)
    {
        // No processor is inside a block now; the one that led here must not be linked any more.
        if (_code.IsOverLimit)
        {
            _code.Reset();
            _state->Link = null;
        }

        // Another process has the same code elsewhere: layouts are randomized at each execve, frames of files are shared.
        if (_code.FindElsewhere(address, frame) is var model && model != null)
        {
            return _code.AddMoved(model, address);
        }

        var available = Page.Size - (int)(address & Page.OffsetMask);
        var header = new Block { Address = address, Page = address & Page.Mask, Frame = frame, SecondFrame = uint.MaxValue };
        if (_builder.TryBuild(address, new ReadOnlySpan<byte>(pointer, available), _observer is null ? BlockBuilder.MaxInstructions : 1))
        {
            return AddBlock(header);
        }

        // The first instruction runs on into the next page.
        var bytes = stackalloc byte[available + 15];
        Unsafe.CopyBlockUnaligned(bytes, pointer, (uint)available);
        var second = Fetch(header.Page + Page.Size, out var secondFrame);
        if (second == null)
        {
            return null;
        }

        StraddlingInstructions++;
        Unsafe.CopyBlockUnaligned(bytes + available, second, 15);
        header.SecondFrame = secondFrame.Value;
        _builder.TryBuild(address, new ReadOnlySpan<byte>(bytes, available + 15), 1);
        return AddBlock(header);
    }

    private Block* AddBlock(Block header)
    {
        header.Instructions = _builder.Instructions;
        header.Length = _builder.Length;
        header.IsMovable = _builder.IsMovable && !header.Straddles;
        return _code.Add(header, _builder.Ops);
    }

    // Code that stores into its own page again and again would have a block decoded for each store: the sooner the next store came, the more
    // instructions run alone.
    private int ExpectMoreStores()
    {
        var now = Instructions + _state->Executed;
        _aloneSpan = now - _lastStore <= 2 * (_aloneSpan + BlockBuilder.MaxInstructions) ? Math.Min(2 * _aloneSpan, LongestAlone) : 1;
        _lastStore = now;
        return _aloneSpan;
    }

    // Keeps the block from being linked or resumed.
    private const uint NoSecondFrame = uint.MaxValue - 1;

    // A block of one instruction outside the cache, for an instruction that writes to its own page.
    private Block* BuildAlone(ulong address, byte* pointer)
    {
        const int Longest = 15;
        var length = Math.Min(Longest, Page.Size - (int)(address & Page.OffsetMask));
        var bytes = stackalloc byte[Longest];
        Unsafe.CopyBlockUnaligned(bytes, pointer, (uint)length);
        var secondFrame = new FrameNumber(NoSecondFrame);
        if (length < Longest)
        {
            var firstFrame = _fetchedFrame;
            var second = Fetch((address & Page.Mask) + Page.Size, out secondFrame);
            _fetchedFrame = firstFrame;
            if (second != null)
            {
                Unsafe.CopyBlockUnaligned(bytes + length, second, (uint)(Longest - length));
                length = Longest;
            }
        }

        if (!_builder.TryBuild(address, new ReadOnlySpan<byte>(bytes, length), 1))
        {
            return null;
        }

        *_alone = new Block
        {
            Address = address,
            Page = address & Page.Mask,
            Frame = uint.MaxValue,
            SecondFrame = secondFrame.IsNone ? NoSecondFrame : secondFrame.Value,
            Instructions = 1,
            Length = _builder.Length,
            OpCount = _builder.Ops.Length,
            IsValid = true,
        };
        _builder.Ops.CopyTo(new Span<Op>(Block.Ops(_alone), _builder.Ops.Length));
        return _alone;
    }

    // The kernel changed or dropped translations of these pages (of any address space).
    private void OnTranslationsDropped(ulong firstPageNumber, ulong count)
    {
        _codePage = ulong.MaxValue;
        if (_jumpPages.MayContainAny(firstPageNumber, count))
        {
            ForgetJumps();
        }
    }
}
