namespace Quire.Kernel.Memory;

/// <summary>Objects by small numbers from 1 up, as native structures name them; numbers are used again.</summary>
internal sealed class Numbered<T>
    where T : class
{
    private readonly List<T?> _items = [null];
    private readonly Stack<uint> _free = new();

    public IEnumerable<T> All => _items.OfType<T>();

    public T this[uint number] => _items[(int)number] ?? throw new InvalidOperationException($"no {typeof(T).Name} has number {number}");

    public uint Add(T item)
    {
        if (_free.TryPop(out var number))
        {
            _items[(int)number] = item;
            return number;
        }

        _items.Add(item);
        return (uint)_items.Count - 1;
    }

    public void Remove(uint number)
    {
        _items[(int)number] = null;
        _free.Push(number);
    }
}
