using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>References that a program holds while it runs a method: roots, which a moving collector corrects. Frames end in reverse order.</summary>
public readonly unsafe ref struct Frame<TPaths>
    where TPaths : struct, IPaths
{
    private readonly Mutator<TPaths> _mutator;
    private readonly nint* _slots;
    private readonly int _count;

    internal Frame(Mutator<TPaths> mutator, nint* slots, int count)
    {
        _mutator = mutator;
        _slots = slots;
        _count = count;
    }

    /// <exception cref="IndexOutOfRangeException">The frame has not that many slots.</exception>
    public Reference this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((uint)index >= (uint)_count)
            {
                ThrowOutOfRange();
            }

            return new(_slots[index]);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        set
        {
            if ((uint)index >= (uint)_count)
            {
                ThrowOutOfRange();
            }

            TPaths.WriteRoot(_mutator, _slots + index, value.Address);
        }
    }

    /// <summary>Ends the frame.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Dispose()
    {
        TPaths.PopRoots(_mutator, _slots, _slots + _count);
        _mutator.Stack.PopTo(_slots);
    }

    private static void ThrowOutOfRange() => throw new IndexOutOfRangeException("The frame has not that many slots.");
}
