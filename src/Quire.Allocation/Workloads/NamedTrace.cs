namespace Quire.Allocation;

/// <summary>Collects calls that name their blocks by numbers of their own; a number must be allocated to be freed.</summary>
internal sealed class NamedTrace(string file)
{
    private readonly HashSet<long> _live = [];
    private readonly List<HeapEvent> _events = [];

    public bool IsEmpty => _events.Count == 0;

    public void Add(int line, HeapEventKind kind, long id, long size, uint thread = 0)
    {
        if (size < 0)
        {
            throw new WorkloadFormatException(file, line, $"size {size} is negative");
        }

        switch (kind)
        {
            case HeapEventKind.Allocate when !_live.Add(id):
                throw new WorkloadFormatException(file, line, $"block {id} is allocated already");
            case HeapEventKind.Free when !_live.Remove(id):
                throw new WorkloadFormatException(file, line, $"free of block {id}, which is not allocated");
            case HeapEventKind.Reallocate when !_live.Contains(id):
                throw new WorkloadFormatException(file, line, $"reallocation of block {id}, which is not allocated");
        }

        _events.Add(new HeapEvent(kind, id, size, thread));
    }

    public HeapTrace Finish() => new(_events, 0);
}
