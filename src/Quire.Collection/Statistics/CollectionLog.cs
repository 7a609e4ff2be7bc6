namespace Quire.Collection;

/// <summary>The pauses of a heap and the sums of what its collector did. The collector adds to the counters, and <see cref="End"/> puts those of a pause into it.</summary>
public sealed class CollectionLog(IHeapClock clock)
{
    private readonly long _built = clock.WallNanoseconds;
    private readonly List<Pause> _pauses = [];
    private long _startWall;
    private long _startProcessor;
    private long _before;
    private YoungUse _youngBefore;
    private Pause _sums;

    /// <summary>Of the collection that is going on.</summary>
    public long Copied;
    public long Promoted;
    public long Marked;
    public long Remembered;

    public IReadOnlyList<Pause> Pauses => _pauses;

    /// <summary>Nanoseconds of all pauses.</summary>
    public long PauseWall => _sums.Wall;

    public long PauseProcessor => _sums.Processor;

    /// <summary>Nanoseconds of processor time that a collector's own threads took beside the program.</summary>
    public long ConcurrentProcessor { get; set; }

    public long TotalCopied => _sums.Copied;

    public long TotalPromoted => _sums.Promoted;

    public long TotalMarked => _sums.Marked;

    /// <summary>Wall time since the heap was built.</summary>
    public long Now => clock.WallNanoseconds - _built;

    public void Begin(long inUse, YoungUse young)
    {
        _before = inUse;
        _youngBefore = young;
        _startWall = clock.WallNanoseconds;
        _startProcessor = clock.ProcessorNanoseconds;
    }

    public Pause End(CollectionKind kind, CollectionCause cause, long inUse, YoungUse young)
    {
        var processor = clock.ProcessorNanoseconds - _startProcessor;
        var wall = clock.WallNanoseconds - _startWall;
        var pause = new Pause(kind, cause, _startWall - _built, wall, processor, _before, inUse, Copied, Promoted, Marked, Remembered, _youngBefore, young);
        _pauses.Add(pause);
        _sums = _sums with
        {
            Wall = _sums.Wall + wall,
            Processor = _sums.Processor + processor,
            Copied = _sums.Copied + Copied,
            Promoted = _sums.Promoted + Promoted,
            Marked = _sums.Marked + Marked,
        };
        Copied = Promoted = Marked = Remembered = 0;
        return pause;
    }
}
