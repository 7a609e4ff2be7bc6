using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Quire.Hardware.Translation;
using Quire.Primitives;

namespace Quire.Hardware.Cpu;

/// <content>
/// Tells a sink every reference by frame, in the order and number in which an <see cref="IReferenceObserver"/> sees them, but fast: blocks keep their
/// length, and each data access goes through a lookup of its own behind the handlers' (which stays empty) that notes the frame. Fetches are not
/// noted one by one: the place of the accessing instruction in its block says how many there were since the last data access.
/// </content>
public sealed unsafe partial class Processor
{
    private const int FeedLength = 2048;

    private readonly ReferenceFeed? _feed;

    // Null without a feed; otherwise what the Mmu fills instead of the handlers' lookup.
    private readonly FastEntry* _fedEntries;
    private readonly FrameRun* _runs;
    private FrameRun* _lastRun;
    private uint _codeFrame;
    private uint _fetchedFrame;

    // Instructions of this run whose fetch has been noted.
    private long _fetched;

    private static FastEntry* CreateFedEntries(CpuState* state)
    {
        var entries = (FastEntry*)NativeMemory.AlignedAlloc((nuint)(FastEntry.Count * sizeof(FastEntry)), 64);
        NativeMemory.Clear(entries, (nuint)(FastEntry.Count * sizeof(FastEntry)));
        FastLookup.Clear((FastEntry*)((byte*)state + CpuState.DataEntriesOffset));
        return entries;
    }

    private byte* ReadFed(Op* op, ulong address, int size)
    {
        var entry = FedEntry(address);
        if (((address + (uint)(size - 1)) & Page.Mask) == entry->ReadTag)
        {
            var hit = GuestMemory.Hit(_state, entry, address);
            NoteData(op, FrameAt(hit), 1);
            return hit;
        }

        var pointer = Access(op, address, size, AccessKind.Read);
        if (pointer != null)
        {
            NoteAccess(op, pointer, 1);
        }

        return pointer;
    }

    private byte* ReadWriteFed(Op* op, ulong address, int size)
    {
        var entry = FedEntry(address);
        if (((address + (uint)(size - 1)) & Page.Mask) == entry->WriteTag)
        {
            var hit = GuestMemory.Hit(_state, entry, address);
            NoteData(op, FrameAt(hit), 2);
            return hit;
        }

        var pointer = Access(op, address, size, AccessKind.Write);
        if (pointer != null)
        {
            NoteAccess(op, pointer, 2);
        }

        return pointer;
    }

    // False: the lookup does not know the page; the caller goes on and notes the access itself.
    private bool TryWriteFed(Op* op, ulong address, int size)
    {
        var entry = FedEntry(address);
        if (((address + (uint)(size - 1)) & Page.Mask) != entry->WriteTag)
        {
            return false;
        }

        var hit = GuestMemory.Hit(_state, entry, address);
        Unsafe.CopyBlockUnaligned(hit, _state->Scratch, (uint)size);
        NoteData(op, FrameAt(hit), 1);
        return true;
    }

    private FastEntry* FedEntry(ulong address) => (FastEntry*)((byte*)_fedEntries + ((address >> 7) & ((FastEntry.Count - 1) << 5)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint FrameAt(byte* pointer) => (uint)((ulong)(pointer - _memory.Base) >> Page.Shift);

    // A read-modify-write of a page is two references to it in a row; of bytes on two pages, each page in turn twice.
    private void NoteAccess(Op* op, byte* pointer, uint times)
    {
        if (pointer != _state->Scratch)
        {
            NoteData(op, FrameAt(pointer), times);
            return;
        }

        for (; times > 0; times--)
        {
            NoteData(op, FrameAt(_state->ScratchFirst), 1);
            NoteData(op, FrameAt(_state->ScratchSecond), 1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void NoteData(Op* op, uint frame, uint count)
    {
        NoteFetches(_state->Executed + op->Number + 1);
        Note(frame, count);
    }

    /// <summary>Notes the fetches of the instructions of this run up to that many.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void NoteFetches(long instructions)
    {
        if (instructions != _fetched)
        {
            Note(_codeFrame, (uint)(instructions - _fetched));
            _fetched = instructions;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Note(uint frame, uint count)
    {
        if (_lastRun->Frame == frame)
        {
            _lastRun->Count += count;
            return;
        }

        if (_lastRun == _runs + FeedLength)
        {
            Drain();
        }

        *++_lastRun = new FrameRun { Frame = frame, Count = count };
    }

    // The first run is never used: its frame is none.
    private void Drain()
    {
        if (_lastRun > _runs)
        {
            _feed!.Sink.Take(new ReadOnlySpan<FrameRun>(_runs + 1, (int)(_lastRun - _runs)));
            _lastRun = _runs;
        }
    }

    private void BeginFeeding(Block* resumed)
    {
        // The fetch of the instruction that faulted was noted before it did.
        _fetched = resumed == null ? 0 : 1;
        _codeFrame = resumed == null ? _codeFrame : resumed->Frame;
    }

    private void EnterFedPage(Block* block)
    {
        NoteFetches(_state->Executed);
        _codeFrame = Mmu.IsModelled || block == _alone ? _fetchedFrame : block->Frame;
        if ((block->Address & Page.OffsetMask) + (ulong)block->Length > Page.Size)
        {
            Debug.Assert(block->Straddles, "a block of one page ends on another");
            Note(_codeFrame, 1);
            Note(block->SecondFrame, 1);
            _fetched++;
        }

        // Until another page is entered, fetches are counted by instructions alone.
        _codePage = block->Page;
    }

    /// <summary>An instruction did not retire: it has been fetched, and will be again unless the run resumes at it.</summary>
    private void NoteStopped()
    {
        NoteFetches(_state->Executed + 1);
        _fetched = _state->Executed;
    }
}
