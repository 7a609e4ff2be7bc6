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
    private const long MostBytes = 64L << 20;
    private const long LeastBytes = 32L << 20;
    private const int BucketBits = 18;
    private const int ModelBits = 16;

    private readonly PhysicalMemory _memory;
    private readonly long _limitBytes;
    private readonly List<Processor> _processors = [];
    private readonly List<nint> _arenas = [];
    private readonly Block** _buckets;

    // The movable block made last for a place in a frame, as a cache of one entry a line.
    private readonly Block** _models;
    private readonly Dictionary<uint, nint> _firstInFrame = [];
    private readonly Dictionary<uint, nint> _firstInSecondFrame = [];
    private byte* _free;
    private long _freeBytes;

    /// <param name="limitBytes">Decoded code kept at most, about. By default what serves every program, less where RAM holds less code than that.</param>
    public CodeCache(PhysicalMemory memory, long? limitBytes = null)
    {
        _memory = memory;
        _limitBytes = limitBytes ?? Math.Min(MostBytes, LeastBytes + (2 * (long)memory.FrameCount * Page.Size));
        _buckets = (Block**)NativeMemory.AllocZeroed(1 << BucketBits, (nuint)sizeof(Block*));
        _models = (Block**)NativeMemory.AllocZeroed(1 << ModelBits, (nuint)sizeof(Block*));
        memory.CodeFrameWritten = DropFrame;
    }

    /// <summary>Blocks decoded since the start.</summary>
    public long BlocksBuilt { get; private set; }

    /// <summary>Blocks copied from one of the same code at another address, instead of decoding it again.</summary>
    public long BlocksMoved { get; private set; }

    /// <summary>Frames whose blocks were dropped because their bytes changed or the frame was freed.</summary>
    public long FramesDropped { get; private set; }

    /// <summary>Times that everything was dropped because the limit was reached.</summary>
    public long Resets { get; private set; }

    /// <summary>Host memory that decoded code takes.</summary>
    public long Bytes => (long)_arenas.Count * ArenaBytes;

    internal bool IsOverLimit => Bytes > _limitBytes;

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

    /// <summary>Blocks, dropped ones too, among which one of this address is looked for.</summary>
    internal int BlocksLookedAt(ulong address)
    {
        var count = 0;
        for (var block = _buckets[BucketOf(address)]; block != null; block = block->NextInBucket)
        {
            count++;
        }

        return count;
    }

    /// <summary>A block of the same bytes of the same frame for another address; null if none is known.</summary>
    internal Block* FindElsewhere(ulong address, uint frame)
    {
        var block = _models[ModelOf(address, frame)];
        return block != null && block->Frame == frame && ((block->Address ^ address) & Page.OffsetMask) == 0 && block->IsValid ? block : null;
    }

    /// <summary>Makes the block that <paramref name="model"/> is, for an address at the same place of another page.</summary>
    internal Block* AddMoved(Block* model, ulong address)
    {
        var header = new Block
        {
            Address = address,
            Page = address & Page.Mask,
            Frame = model->Frame,
            SecondFrame = uint.MaxValue,
            Instructions = model->Instructions,
            Length = model->Length,
            IsMovable = true,
        };
        var block = Place(header, new ReadOnlySpan<Op>(Block.Ops(model), model->OpCount));
        var distance = (long)(address - model->Address);
        var ops = Block.Ops(block);
        for (var i = 0; i < block->OpCount; i++)
        {
            if (ops[i].MovesWithCode)
            {
                ops[i].Displacement += distance;
            }
        }

        BlocksMoved++;
        return block;
    }

    /// <summary>Makes a block of these ops and marks its frames.</summary>
    internal Block* Add(in Block header, ReadOnlySpan<Op> ops)
    {
        BlocksBuilt++;
        return Place(header, ops);
    }

    private Block* Place(in Block header, ReadOnlySpan<Op> ops)
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
            block->NextInSecondFrame = (Block*)_firstInSecondFrame.GetValueOrDefault(header.SecondFrame);
            _firstInSecondFrame[header.SecondFrame] = (nint)block;
        }

        if (header.IsMovable)
        {
            _models[ModelOf(header.Address, header.Frame)] = block;
        }

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
                if (block->IsValid)
                {
                    Unlink(block);
                }
            }
        }

        // Blocks whose one instruction begins on another frame and ends on this one; those whose first frame was dropped are gone already.
        if (_firstInSecondFrame.Remove(frame.Value, out first))
        {
            for (var block = (Block*)first; block != null; block = block->NextInSecondFrame)
            {
                if (block->IsValid)
                {
                    Unlink(block);
                }
            }
        }
    }

    /// <summary>Forgets everything. No processor may be inside a block.</summary>
    public void Reset()
    {
        foreach (var frame in _firstInFrame.Keys.Concat(_firstInSecondFrame.Keys))
        {
            _memory.HoldsCode[frame] = 0;
        }

        _firstInFrame.Clear();
        _firstInSecondFrame.Clear();
        NativeMemory.Clear(_buckets, (1 << BucketBits) * (nuint)sizeof(Block*));
        NativeMemory.Clear(_models, (1 << ModelBits) * (nuint)sizeof(Block*));
        foreach (var arena in _arenas)
        {
            HostPages.Release((byte*)arena, ArenaBytes);
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
        NativeMemory.Free(_models);
        _memory.CodeFrameWritten = null;
    }

    // Knuth's multiplicative hashing (TAOCP 6.4): the upper bits depend on all of the address.
    private static int BucketOf(ulong address) => (int)(address * 0x9E3779B97F4A7C15 >> (64 - BucketBits));

    private static int ModelOf(ulong address, uint frame) => BucketOf(((ulong)frame << Page.Shift) | (address & Page.OffsetMask)) >> (BucketBits - ModelBits);

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
            // Not from the C library's heap: arenas released between other blocks would stay with this process, twice as much as the limit.
            _free = HostPages.Reserve(ArenaBytes);
            _freeBytes = ArenaBytes;
            _arenas.Add((nint)_free);
        }

        var taken = _free;
        _free += bytes;
        _freeBytes -= bytes;
        return taken;
    }
}
