namespace Quire.Replacement.Tests;

/// <summary>Einziger, Friedman and Manes, section 4, on plain lists. The sketch is taken as it is: it has tests of its own.</summary>
internal sealed class WTinyLfuModel(int frames, int windowLimit, int protectedLimit) : PolicyModel(frames)
{
    private readonly List<int> _window = [];
    private readonly List<int> _probation = [];
    private readonly List<int> _protected = [];
    private readonly Dictionary<int, uint> _tag = [];
    private FrequencySketch _sketch = new(frames, 10);

    protected override bool IsResident(int page) => _window.Contains(page) || _probation.Contains(page) || _protected.Contains(page);

    protected override void Access(int page)
    {
        // Replay numbers pages in the order of their first appearance.
        _tag.TryAdd(page, (uint)_tag.Count);
        _sketch.Count(_tag[page], 1);
        if (_window.Remove(page))
        {
            _window.Insert(0, page);
        }
        else if (_probation.Remove(page) || _protected.Remove(page))
        {
            _protected.Insert(0, page);
            if (_protected.Count > protectedLimit)
            {
                _probation.Insert(0, TakeLast(_protected));
            }
        }
        else
        {
            Fault(page);
        }
    }

    private void Fault(int page)
    {
        if (_window.Count + _probation.Count + _protected.Count < Frames)
        {
            _window.Insert(0, page);
            if (_window.Count > windowLimit)
            {
                _probation.Insert(0, TakeLast(_window));
            }

            return;
        }

        var main = _probation.Count > 0 ? _probation : _protected;
        if (main.Count == 0)
        {
            TakeLast(_window);
        }
        else if (_window.Count < windowLimit)
        {
            TakeLast(main);
        }
        else
        {
            var candidate = TakeLast(_window);
            if (Frequency(candidate) > Frequency(main[^1]))
            {
                TakeLast(main);
                _probation.Insert(0, candidate);
            }
        }

        _window.Insert(0, page);
    }

    private int Frequency(int page) => _sketch.Frequency(_tag[page]);
}
