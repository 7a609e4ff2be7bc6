using System.Runtime.CompilerServices;

namespace Quire.Kernel.Memory;

/// <summary>Objects by small numbers from 1 up, as native structures name them; numbers are used again.</summary>
internal sealed class Numbered<T>
    where T : class
{
    private readonly Stack<uint> _free = new();
    private T?[] _items = new T?[4];
    private uint _end = 1;

    public IEnumerable<T> All => _items.OfType<T>();

    public T this[uint number]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _items[number] ?? Missing(number);
    }

    public uint Add(T item)
    {
        if (!_free.TryPop(out var number))
        {
            number = _end++;
            if (number == _items.Length)
            {
                Array.Resize(ref _items, _items.Length * 2);
            }
        }

        _items[number] = item;
        return number;
    }

    public void Remove(uint number)
    {
        _items[number] = null;
        _free.Push(number);
    }

    private static T Missing(uint number) => throw new InvalidOperationException($"no {typeof(T).Name} has number {number}");
}
