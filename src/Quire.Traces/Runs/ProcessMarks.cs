namespace Quire.Traces;

/// <summary>Tells apart equal page numbers of different processes: the first process keeps its numbers, each later one gets a mark in the top 12 bits.</summary>
internal sealed class ProcessMarks
{
    private readonly Dictionary<uint, ulong> _marks = [];
    private uint _process;
    private ulong _mark;

    public ulong Of(uint process)
    {
        if (process == _process && _marks.Count > 0)
        {
            return _mark;
        }

        if (!_marks.TryGetValue(process, out var mark))
        {
            mark = (ulong)_marks.Count << 52;
            _marks.Add(process, mark);
        }

        (_process, _mark) = (process, mark);
        return mark;
    }
}
