using System.Runtime.InteropServices;
using Quire.Hardware.Memory;
using Quire.Primitives;

namespace Quire.Hardware.Cpu;

/// <summary>
/// All decoded blocks of a machine, shared by its processors. A block is found by virtual address and frame. A frame that has blocks is
/// marked in <see cref="PhysicalMemory.HoldsCode"/>; changing such a frame drops its blocks. Blocks live in arenas that are only
/// released all together, when they outgrow the limit, at a moment when no processor is inside one.
/// </summary>
public sealed unsafe class CodeCache : IDisposable
{
    private const int ArenaBytes = 1 << 20;
    private const int BucketCount = 1 << 16;

    private readonly PhysicalMemory _memory;
    private readonly long _limitBytes;
    private readonly List<Processor> _processors = [];
    private readonly List<nint> _arenas = [];
    private readonly Block** _buckets;
    private readonly Dictionary<uint, nint> _firstInFrame = [];
    private byte* _free;
    private long _freeBytes;
    private int _straddling;

    /// <param name="limitBytes">Decoded code kept at most, about.</param>
    public CodeCache(PhysicalMemory memory, long limitBytes = 64L << 20)
    {
        _memory = memory;
        _limitBytes = limitBytes;
        _buckets = (Block**)NativeMemory.AllocZeroed(BucketCount, (nuint)sizeof(Block*));
        memory.CodeFrameWritten = DropFrame;
    }

    /// <summary>Blocks decoded since the start.</summary>
    public long BlocksBuilt { get; private set; }

    /// <summary>Frames whose blocks were dropped because their bytes changed or the frame was freed.</summary>
    public long FramesDropped { get; private set; }

    /// <summary>Times that everything was dropped because the limit was reached.</summary>
    public long Resets { get; private set; }

    internal bool IsOverLimit => (long)_arenas.Count * ArenaBytes > _limitBytes;

    internal void Register(Processor processor) => _processors.Add(processor);

    internal void Unregister(Processor processor) => _processors.Remove(processor);

    internal Block* Find(ulong address, uint frame)
    {
        for (var block = _buckets[BucketOf(address)]; block != null; block = block->NextInBucket)
        {
            if (block->Address == address && block->Frame == frame && block->IsValid)
            {
                return block;
            }
        }

        return null;
    }

    /// <summary>Makes a block of these ops and marks its frames.</summary>
    internal Block* Add(in Block header, ReadOnlySpan<Op> ops)
    {
        var bytes = (sizeof(Block) + (ops.Length * sizeof(Op)) + 31) & ~31;
        var block = (Block*)Take(bytes);
        *block = header;
        block->OpCount = ops.Length;
        block->IsValid = true;
        ops.CopyTo(new Span<Op>(Block.Ops(block), ops.Length));
        var bucket = BucketOf(header.Address);
        block->NextInBucket = _buckets[bucket];
        _buckets[bucket] = block;
        block->NextInFrame = (Block*)_firstInFrame.GetValueOrDefault(header.Frame);
        _firstInFrame[header.Frame] = (nint)block;
        Mark(header.Frame);
        if (header.Straddles)
        {
            Mark(header.SecondFrame);
            _straddling++;
        }

        BlocksBuilt++;
        return block;
    }

    /// <summary>Forgets all blocks with bytes in the frame. The block that is just running stays readable until it ends.</summary>
    public void DropFrame(FrameNumber frame)
    {
        if (_memory.HoldsCode[frame.Value] == 0)
        {
            return;
        }

        _memory.HoldsCode[frame.Value] = 0;
        FramesDropped++;
        if (_firstInFrame.Remove(frame.Value, out var first))
        {
            for (var block = (Block*)first; block != null; block = block->NextInFrame)
            {
                Unlink(block);
            }
        }

        // Blocks whose one instruction begins on another frame and ends on this one: few, so the whole cache is searched.
        for (var bucket = 0; bucket < BucketCount && _straddling > 0; bucket++)
        {
            for (var block = _buckets[bucket]; block != null; block = block->NextInBucket)
            {
                if (block->SecondFrame == frame.Value)
                {
                    Invalidate(block);
                }
            }
        }
    }

    /// <summary>Forgets everything. No processor may be inside a block.</summary>
    public void Reset()
    {
        foreach (var frame in _firstInFrame.Keys)
        {
            _memory.HoldsCode[frame] = 0;
        }

        for (var bucket = 0; bucket < BucketCount && _straddling > 0; bucket++)
        {
            for (var block = _buckets[bucket]; block != null; block = block->NextInBucket)
            {
                if (block->Straddles)
                {
                    _memory.HoldsCode[block->SecondFrame] = 0;
                }
            }
        }

        _straddling = 0;
        _firstInFrame.Clear();
        NativeMemory.Clear(_buckets, BucketCount * (nuint)sizeof(Block*));
        foreach (var arena in _arenas)
        {
            NativeMemory.AlignedFree((void*)arena);
        }

        _arenas.Clear();
        _freeBytes = 0;
        Resets++;
        foreach (var processor in _processors)
        {
            processor.ForgetJumps();
        }
    }

    public void Dispose()
    {
        Reset();
        NativeMemory.Free(_buckets);
        _memory.CodeFrameWritten = null;
    }

    private static int BucketOf(ulong address) => (int)((address ^ (address >> 16)) * 0x9E3779B1 >> 8) & (BucketCount - 1);

    private void Mark(uint frame)
    {
        if (_memory.HoldsCode[frame] == 0)
        {
            _memory.HoldsCode[frame] = 1;
            foreach (var processor in _processors)
            {
                processor.Mmu.RevokeWrite(new FrameNumber(frame));
            }
        }
    }

    private void Unlink(Block* block)
    {
        var slot = &_buckets[BucketOf(block->Address)];
        while (*slot != null && *slot != block)
        {
            slot = &(*slot)->NextInBucket;
        }

        if (*slot == block)
        {
            *slot = block->NextInBucket;
        }

        Invalidate(block);
    }

    private void Invalidate(Block* block)
    {
        block->IsValid = false;
        foreach (var processor in _processors)
        {
            processor.ForgetJump(block);
        }
    }

    private byte* Take(int bytes)
    {
        if (bytes > _freeBytes)
        {
            _free = (byte*)NativeMemory.AlignedAlloc(ArenaBytes, 64);
            _freeBytes = ArenaBytes;
            _arenas.Add((nint)_free);
        }

        var taken = _free;
        _free += bytes;
        _freeBytes -= bytes;
        return taken;
    }
}
