using Quire.Kernel.Memory.Frames;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>Dirty pages on their way to the source.</summary>
public sealed partial class PageCache
{
    private readonly List<MappingLocation> _protected = [];

    /// <summary>Writes all dirty pages back. Also reports an earlier failed write-back, once.</summary>
    public Errno Sync() => Report(WriteBack(0, ulong.MaxValue));

    /// <inheritdoc cref="Sync"/>
    public Errno SyncRange(ulong offset, ulong length)
    {
        var end = length > MaximumLength ? ulong.MaxValue : (offset + length + Page.OffsetMask) >> Page.Shift;
        return Report(WriteBack(offset >> Page.Shift, end));
    }

    /// <summary>Writes the dirty pages of [first, end) back as one request of the device. A page that fails counts as clean; the error stays for the next sync.</summary>
    internal Errno WriteBack(ulong first, ulong end)
    {
        var result = Errno.None;
        ulong bytes = 0;
        for (var from = first; _index.TryFindNextDirty(from, end, out var index); from = index + 1)
        {
            var frame = _index[index];
            var length = (int)Math.Min(Page.Size, Length - (index << Page.Shift));
            var error = WritePage(index, frame, length);
            bytes += (ulong)length;
            result = result == Errno.None ? error : result;
        }

        if (bytes > 0)
        {
            _memory.WriteToDevice(bytes);
        }

        _writeError = result == Errno.None ? _writeError : result;
        return result;
    }

    private Errno WritePage(ulong index, FrameNumber frame, int length)
    {
        ref var entry = ref _memory.FrameTable[frame];

        // Clean and protected before it is written: a store from here on makes it dirty again.
        MarkClean(ref entry);
        WriteProtect(ref entry);
        entry.References++;
        var error = Source.WritePage(index, _memory.Physical.Read(frame)[..length]);
        _memory.Frames.Release(frame);
        _memory.Counters.Written++;
        _memory.Counters.PagesOut++;
        _memory.Events?.Record(new MemoryEvent(
            MemoryEventKind.WriteBack, _memory.Now(), Process: 0, new VirtualAddress(index << Page.Shift), frame, (ulong)length));
        return error;
    }

    private void WriteProtect(ref FrameEntry entry)
    {
        if (entry.Mappings == 0)
        {
            return;
        }

        _memory.ReverseMap.CopyTo(entry, _protected);
        foreach (var location in _protected)
        {
            _memory.SpaceOf(location).WriteProtect(location.Address);
        }
    }

    private Errno Report(Errno error)
    {
        error = error == Errno.None ? _writeError : error;
        _writeError = Errno.None;
        return error;
    }
}
