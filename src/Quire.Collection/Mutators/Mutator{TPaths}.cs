using System.Runtime.CompilerServices;

namespace Quire.Collection;

/// <summary>
/// What a program does to its heap. Fields are counted in words of payload, eight bytes each; array elements by index. References are read and
/// written through the plan's barriers, which are compiled into the program.
/// </summary>
/// <remarks>A <see cref="Reference"/> in a local variable is good until the next allocation or safepoint: keep it in a frame across those.</remarks>
public sealed unsafe class Mutator<TPaths> : Mutator
    where TPaths : struct, IPaths
{
    internal Mutator(Plan plan)
        : base(plan)
    {
    }

    /// <summary>An object that is no array, all zeros.</summary>
    /// <exception cref="HeapExhaustedException">Nothing that a collection frees makes room for it.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Reference Allocate(ObjectType type) => new(TPaths.Allocate(this, type.Size, type.Header));

    /// <summary>An array, all zeros.</summary>
    /// <exception cref="HeapExhaustedException">Nothing that a collection frees makes room for it.</exception>
    public Reference AllocateArray(ObjectType type, int length)
    {
        if (type.ElementSize == 0 || length < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(length), $"An array has an array's type and 0 to {int.MaxValue} elements, not {length}.");
        }

        var size = type.SizeOfArray(length);
        var target = size <= Plan.LargestSmall ? TPaths.Allocate(this, (nint)size, type.Header) : Plan.AllocateLarge(this, size, type.Header);
        *(long*)(target + ObjectHeader.Bytes) = length;
        return new(target);
    }

    /// <summary>An object whose first word refers to another without keeping it alive.</summary>
    /// <exception cref="NotSupportedException">The plan has no weak references.</exception>
    public Reference AllocateWeak(ObjectType type, Reference referent)
    {
        using var frame = Push(1);
        frame[0] = referent;
        var target = TPaths.Allocate(this, type.Size, type.Header);
        Plan.AddWeak(target, frame[0].Address);
        return new(target);
    }

    /// <summary>What a weak object refers to: null once that is gone.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Reference ReadWeak(Reference weak) => new(TPaths.ReadWeak(this, weak.Address, Slot(weak, 0)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Reference Read(Reference source, int word) => new(TPaths.Read(this, source.Address, Slot(source, word)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(Reference source, int word, Reference value) => TPaths.Write(this, source.Address, Slot(source, word), value.Address);

    public int Length(Reference array)
    {
        Require(array, "asks for the length of");
        return (int)*Word(array, 0);
    }

    /// <exception cref="IndexOutOfRangeException">The array is shorter.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Reference ReadElement(Reference array, int index)
    {
        ThrowIfOutside(array, index);
        return new(TPaths.Read(this, array.Address, Slot(array, index + 1)));
    }

    /// <exception cref="IndexOutOfRangeException">The array is shorter.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteElement(Reference array, int index, Reference value)
    {
        ThrowIfOutside(array, index);
        TPaths.Write(this, array.Address, Slot(array, index + 1), value.Address);
    }

    /// <summary>A word of payload that is no reference.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long ReadNumber(Reference source, int word)
    {
        Require(source, "reads a number of");
        if (TPaths.IsObserved)
        {
            Plan.Observer!.PayloadTouched((nint)Word(source, word), 8, isWrite: false);
        }

        return *Word(source, word);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WriteNumber(Reference source, int word, long value)
    {
        Require(source, "writes a number of");
        if (TPaths.IsObserved)
        {
            Plan.Observer!.PayloadTouched((nint)Word(source, word), 8, isWrite: true);
        }

        *Word(source, word) = value;
    }

    /// <summary>The elements of an array without references: good until the next allocation or safepoint.</summary>
    public Span<T> Elements<T>(Reference array)
        where T : unmanaged
    {
        Require(array, "asks for the elements of");
        ref readonly var descriptor = ref Plan.Types.Of(*(ulong*)array.Address);
        if (descriptor.ElementSize != sizeof(T) || descriptor.Shape != ObjectShape.DataArray)
        {
            throw new InvalidOperationException($"Elements of {sizeof(T)} bytes are asked of an object of type {Plan.Types.NameOf(*(ulong*)array.Address)}.");
        }

        var elements = new Span<T>((void*)(array.Address + descriptor.Size), Length(array));
        if (TPaths.IsObserved)
        {
            Plan.Observer!.PayloadTouched(array.Address + descriptor.Size, elements.Length * sizeof(T), isWrite: true);
        }

        return elements;
    }

    /// <summary>A frame of so many references, all null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Frame<TPaths> Push(int slots) => new(this, Stack.Push(slots), slots);

    /// <summary>A root that lives until it is freed: a global.</summary>
    public Handle CreateHandle(Reference value)
    {
        var handle = Plan.Handles.Create();
        Set(handle, value);
        return handle;
    }

    public Reference Get(Handle handle) => new(*Plan.Handles.SlotOf(handle));

    public void Set(Handle handle, Reference value) => TPaths.WriteRoot(this, Plan.Handles.SlotOf(handle), value.Address);

    public void Free(Handle handle)
    {
        Set(handle, Reference.Null);
        Plan.Handles.Free(handle);
    }

    /// <summary>Keeps an object where it is.</summary>
    /// <exception cref="NotSupportedException">The plan cannot.</exception>
    public void Pin(Reference target)
    {
        Require(target, "pins");
        Plan.Pin(target.Address);
    }

    public void Unpin(Reference target)
    {
        Require(target, "unpins");
        *(ulong*)target.Address &= ~ObjectHeader.Pinned;
    }

    /// <summary>Asks to be told once, through <see cref="TakeFinalisable"/>, when nothing refers to the object any more; it is kept until then.</summary>
    /// <exception cref="NotSupportedException">The plan has no finalisers.</exception>
    public void RegisterFinaliser(Reference target)
    {
        Require(target, "registers a finaliser of");
        Plan.RegisterFinaliser(target.Address);
    }

    /// <summary>The next object whose finaliser is to run; null when there is none. It may be stored anywhere: then it lives on, without a finaliser.</summary>
    public Reference TakeFinalisable() => new(Plan.Finalisers.Take());

    /// <summary>A moment at which other threads may collect.</summary>
    public void Safepoint() => Plan.Safepoint();

    /// <summary>Whether the plan frees nothing by itself: the program says what is dead.</summary>
    public bool IsManual
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TPaths.IsManual;
    }

    /// <summary>Says that an object is dead. Collectors find out by themselves and do nothing here.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Free(Reference target)
    {
        if (TPaths.IsManual)
        {
            Require(target, "frees");
            Plan.Free(target.Address);
        }
    }

    /// <summary>Begins a scope: the program promises that what is allocated in it is not used after its end. Plans without scopes do nothing here.</summary>
    public AllocationScope EnterScope() => new(this, Plan.EnterScope(this));

    /// <summary>A full collection now.</summary>
    public void Collect() => Plan.Collect(CollectionKind.Full, CollectionCause.Asked);

    public override long Run(IMutatorProgram program)
    {
        ArgumentNullException.ThrowIfNull(program);
        Plan.BeginRun();
        try
        {
            return program.Run(this);
        }
        finally
        {
            Plan.EndRun();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint* Slot(Reference source, int word) => (nint*)(source.Address + ObjectHeader.Bytes) + word;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long* Word(Reference source, int word) => (long*)(source.Address + ObjectHeader.Bytes) + word;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Require(Reference target, string use)
    {
        if (TPaths.IsChecked)
        {
            Plan.Checker!.RequireUsable(target.Address, use);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ThrowIfOutside(Reference array, int index)
    {
        Require(array, "asks for an element of");
        if ((ulong)index >= *(ulong*)Word(array, 0))
        {
            throw new IndexOutOfRangeException($"Element {index} of an array of {Length(array)} is asked for.");
        }
    }
}
