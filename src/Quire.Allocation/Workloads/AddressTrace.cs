namespace Quire.Allocation;

/// <summary>Turns recorded addresses, which are used again, into block numbers, which are not.</summary>
internal sealed class AddressTrace
{
    private readonly Dictionary<ulong, long> _blocks = [];
    private readonly List<HeapEvent> _events = [];
    private long _unknown;
    private long _nextId;

    public void Allocated(ulong address, long size, uint thread = 0)
    {
        if (address == 0)
        {
            return;
        }

        // An address given out twice was freed between unseen.
        if (_blocks.Remove(address, out var lost))
        {
            _events.Add(new HeapEvent(HeapEventKind.Free, lost, 0, thread));
        }

        _blocks.Add(address, _nextId);
        _events.Add(new HeapEvent(HeapEventKind.Allocate, _nextId++, size, thread));
    }

    public void Freed(ulong address, uint thread = 0)
    {
        if (_blocks.Remove(address, out var id))
        {
            _events.Add(new HeapEvent(HeapEventKind.Free, id, 0, thread));
        }
        else if (address != 0)
        {
            _unknown++;
        }
    }

    public void Reallocated(ulong old, ulong address, long size, uint thread = 0)
    {
        if (address == 0)
        {
            return;
        }

        if (!_blocks.Remove(old, out var id))
        {
            _unknown += old != 0 ? 1 : 0;
            Allocated(address, size, thread);
            return;
        }

        if (_blocks.Remove(address, out var lost))
        {
            _events.Add(new HeapEvent(HeapEventKind.Free, lost, 0, thread));
        }

        _blocks.Add(address, id);
        _events.Add(new HeapEvent(HeapEventKind.Reallocate, id, size, thread));
    }

    public HeapTrace Finish() => new(_events, _unknown);
}
