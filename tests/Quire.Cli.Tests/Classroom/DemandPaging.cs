namespace Quire.Cli.Tests.Classroom;

/// <summary>Fresh private memory by its rules, one state a page: what it faults and holds.</summary>
internal sealed class DemandPaging
{
    private readonly Dictionary<int, bool> _ownFrame = [];

    public int Frames => _ownFrame.Values.Count(own => own);

    public int Read(int first, int pages) => Enumerable.Range(first, pages).Count(page => _ownFrame.TryAdd(page, false));

    public int Write(int first, int pages) => Enumerable.Range(first, pages).Count(page =>
    {
        var isThere = _ownFrame.GetValueOrDefault(page);
        _ownFrame[page] = true;
        return !isThere;
    });

    public void Discard(int first, int pages)
    {
        for (var page = first; page < first + pages; page++)
        {
            _ownFrame.Remove(page);
        }
    }
}

/// <summary>Private pages after fork, one frame number a page and process: who writes a frame that others see gets a new one.</summary>
internal sealed class SharedFrames(int pages)
{
    private const int NewFrames = 1 << 20;
    private readonly List<(int Frame, bool Writable)[]?> _processes = [[.. Enumerable.Range(0, pages).Select(page => (page, true))]];
    private int _next = NewFrames;

    public int Copies { get; private set; }

    public int Frames => _processes.OfType<(int Frame, bool Writable)[]>().SelectMany(process => process).Select(page => page.Frame).Distinct().Count();

    public int Fork()
    {
        var parent = _processes[0]!;
        for (var page = 0; page < parent.Length; page++)
        {
            parent[page].Writable = false;
        }

        _processes.Add([.. parent]);
        return _processes.Count - 1;
    }

    /// <returns>Faults.</returns>
    public int Write(int process, int first, int count)
    {
        var faults = 0;
        for (var page = first; page < first + count; page++)
        {
            ref var own = ref _processes[process]![page];
            if (own.Writable)
            {
                continue;
            }

            faults++;
            var frame = own.Frame;
            if (_processes.Where((other, i) => i != process && other is not null).Any(other => other![page].Frame == frame))
            {
                own.Frame = _next++;
                Copies++;
            }

            own.Writable = true;
        }

        return faults;
    }

    public void End(int process) => _processes[process] = null;
}
