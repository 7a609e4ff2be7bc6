namespace Quire.Traces;

/// <summary>
/// Phases of locality: the trace is cut into windows of so many references, and a new phase begins where fewer than half of the pages
/// of two neighbouring windows are common to both (Denning, Working sets past and present, IEEE TSE 6(1), 1980: disruptive transitions).
/// </summary>
public sealed class LocalityPhases(long window)
{
    private const double LeastOverlap = 0.5;

    private readonly List<Phase> _phases = [];
    private long[] _lastWindow = [];
    private long _window = 1;
    private long _inWindow;
    private int _pages;
    private int _common;
    private int _previousPages;
    private Phase _open = new(1, 0, 0);

    public readonly record struct Phase(long FirstReference, long References, int LargestLocality);

    public void Add(RunBatch batch)
    {
        if (batch.PageCount > _lastWindow.Length)
        {
            Array.Resize(ref _lastWindow, Math.Max(batch.PageCount, _lastWindow.Length * 2));
        }

        for (var run = 0; run < batch.Length; run++)
        {
            ref var last = ref _lastWindow[batch.Pages[run] >> 1];
            if (last != _window)
            {
                _common += last == _window - 1 && last > 0 ? 1 : 0;
                _pages++;
                last = _window;
            }

            _inWindow += batch.Counts[run];
            if (_inWindow >= window)
            {
                CloseWindow();
            }
        }
    }

    public IReadOnlyList<Phase> Finish()
    {
        if (_inWindow > 0)
        {
            CloseWindow();
        }

        return _open.References > 0 ? [.. _phases, _open] : _phases;
    }

    private void CloseWindow()
    {
        var union = _pages + _previousPages - _common;
        if (_previousPages > 0 && _common < LeastOverlap * union)
        {
            _phases.Add(_open);
            _open = new Phase(_open.FirstReference + _open.References, 0, 0);
        }

        _open = new Phase(_open.FirstReference, _open.References + _inWindow, Math.Max(_open.LargestLocality, _pages));
        (_previousPages, _pages, _common, _inWindow) = (_pages, 0, 0, 0);
        _window++;
    }
}

/// <summary>References and pages by region of the address space: pages that share all but the lowest bits of their number.</summary>
public sealed class RegionReuse(int regionShift)
{
    private readonly Dictionary<ulong, Region> _regions = [];
    private Region[] _regionOf = [];

    /// <summary>First page of each region with what happened in it, most referenced first.</summary>
    public IEnumerable<(ulong FirstPage, long References, long Writes, int Pages)> Regions =>
        _regions.OrderByDescending(entry => entry.Value.References).Select(entry => (entry.Key << regionShift, entry.Value.References, entry.Value.Writes, entry.Value.Pages));

    public void Add(RunBatch batch, PageNumbering numbering)
    {
        var known = _regionOf.Length;
        if (batch.PageCount > known)
        {
            Array.Resize(ref _regionOf, batch.PageCount);
            for (var page = known; page < batch.PageCount; page++)
            {
                var key = numbering.PageOf(page) >> regionShift;
                if (!_regions.TryGetValue(key, out var region))
                {
                    _regions.Add(key, region = new Region());
                }

                region.Pages++;
                _regionOf[page] = region;
            }
        }

        for (var run = 0; run < batch.Length; run++)
        {
            var region = _regionOf[batch.Pages[run] >> 1];
            region.References += batch.Counts[run];
            region.Writes += batch.Pages[run] & 1;
        }
    }

    private sealed class Region
    {
        public long References;
        public long Writes;
        public int Pages;
    }
}
