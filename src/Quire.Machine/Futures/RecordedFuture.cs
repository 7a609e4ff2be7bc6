using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Quire.Kernel.Memory.Reclaim;
using Quire.Replacement;

namespace Quire.Machine.Futures;

/// <summary>
/// The future out of a <see cref="PageReferenceFile"/>. The run that asks follows the recorded one by position: an instruction that faulted tells its
/// references again, and a program that reads the clock may go another way, so a reference that is not the next one is looked for among the last and the
/// coming ones, the farther the more have been missed in a row.
/// Caller keeps true: nobody else changes the file.
/// </summary>
public sealed unsafe partial class RecordedFuture : IPageFuture, IDisposable
{
    private const int Recent = 16;
    private const int Window = 64;
    private const int WidestShift = 14;

    // Positions that are given back to the host at once: 16 MiB of each file.
    private const long Stretch = 4 << 20;
    private const int AdviseNotNeeded = 4;

    private readonly Dictionary<ulong, int> _numbers = [];
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedFile? _aheadFile;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly MemoryMappedViewAccessor? _aheadView;
    private readonly int* _pages;

    // How many positions later the page at a position is next; 0: never.
    private readonly uint* _ahead;
    private readonly long _count;

    // By page: its next position after the current one.
    private readonly long[] _next;
    private long _position = -1;
    private ulong _lastPage = ulong.MaxValue;
    private int _lastNumber;
    private int _missed;

    /// <param name="path">The file is read, and another beside it written and deleted at the end.</param>
    public RecordedFuture(string path)
    {
        var length = new FileInfo(path).Length;
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open);
        using (var reader = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read))
        {
            var pages = reader.ReadInt64(length - sizeof(long));
            _count = (length - ((pages + 1) * sizeof(long))) / sizeof(int);
            for (var number = 0; number < pages; number++)
            {
                _numbers.Add(reader.ReadUInt64((_count * sizeof(int)) + (number * (long)sizeof(long))), number);
            }
        }

        _next = new long[_numbers.Count];
        Array.Fill(_next, IReplacementPolicy.Never);
        if (_count == 0)
        {
            return;
        }

        _view = _file.CreateViewAccessor(0, _count * sizeof(int), MemoryMappedFileAccess.Read);
        _aheadFile = MemoryMappedFile.CreateFromFile(
            new FileStream(path + ".ahead", FileMode.Create, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose),
            mapName: null, _count * sizeof(uint), MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
        _aheadView = _aheadFile.CreateViewAccessor();
        byte* pointer = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        _pages = (int*)pointer;
        _aheadView.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        _ahead = (uint*)pointer;
        for (var position = _count - 1; position >= 0; position--)
        {
            ref var next = ref _next[_pages[position]];
            _ahead[position] = next - position <= uint.MaxValue ? (uint)(next - position) : 0;
            next = position;
            ReleaseStretch(position, position);
        }
    }

    /// <summary>Told of the page of each reference that the recorded run did not make there.</summary>
    public Action<ulong>? WasUnforeseen { get; set; }

    /// <summary>References that the recorded run did not make there.</summary>
    public long Unforeseen { get; private set; }

    public long Refer(ulong page)
    {
        if (page == _lastPage)
        {
            return _next[_lastNumber];
        }

        if (!_numbers.TryGetValue(page, out var number))
        {
            Unforeseen++;
            WasUnforeseen?.Invoke(page);
            return IReplacementPolicy.Never;
        }

        (_lastPage, _lastNumber) = (page, number);
        if (!IsNext(number) && !IsRecent(number) && !TrySkipTo(number))
        {
            Unforeseen++;
            WasUnforeseen?.Invoke(page);
            _missed++;
        }

        return NextOf(number);
    }

    public long NextOf(ulong page) => _numbers.TryGetValue(page, out var number) ? NextOf(number) : IReplacementPolicy.Never;

    public void Dispose()
    {
        if (_view is not null)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
        }

        if (_aheadView is not null)
        {
            _aheadView.SafeMemoryMappedViewHandle.ReleasePointer();
            _aheadView.Dispose();
        }

        _aheadFile?.Dispose();
        _file.Dispose();
    }

    private long NextOf(int number) => _next[number] > _position ? _next[number] : IReplacementPolicy.Never;

    private bool IsNext(int number)
    {
        if (_position + 1 >= _count || _pages[_position + 1] != number)
        {
            return false;
        }

        Advance();
        return true;
    }

    private bool IsRecent(int number)
    {
        for (var position = _position; position >= 0 && position > _position - Recent; position--)
        {
            if (_pages[position] == number)
            {
                return true;
            }
        }

        return false;
    }

    private bool TrySkipTo(int number)
    {
        // The page's chain of references says where; looking through the window would cost as much as it is wide, for each reference that is not there.
        var position = _next[number];
        if (position >= _position + 2 + (Window << Math.Min(_missed, WidestShift)))
        {
            return false;
        }

        while (_position < position)
        {
            Advance();
        }

        return true;
    }

    private void Advance()
    {
        _position++;
        _missed = 0;
        _next[_pages[_position]] = _ahead[_position] == 0 ? IReplacementPolicy.Never : _position + _ahead[_position];
        ReleaseStretch(_position, _position - Stretch);
    }

    // Called at each position: whenever a stretch is done with, its pages leave this process. They stay in the files, and come back when they are looked at again.
    private void ReleaseStretch(long position, long begin)
    {
        if (position % Stretch == 0 && begin >= 0)
        {
            var bytes = (nuint)(Math.Min(Stretch, _count - begin) * sizeof(int));
            _ = Advise(_pages + begin, bytes, AdviseNotNeeded);
            _ = Advise(_ahead + begin, bytes, AdviseNotNeeded);
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
