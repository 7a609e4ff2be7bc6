using System.Runtime.InteropServices;

namespace Quire.Collection;

/// <summary>The types of a heap: defined by the program before it allocates, read by tracing. Offsets and sizes are given in words of eight bytes of payload.</summary>
public sealed unsafe class TypeTable : IDisposable
{
    public const int MostTypes = 4096;

    /// <summary>Words of an object that is no array: larger ones are arrays.</summary>
    public const int MostWords = 500;

    private readonly List<string> _names = ["nothing"];
    private TypeDescriptor* _table;

    public TypeTable()
    {
        _table = (TypeDescriptor*)NativeMemory.AllocZeroed(MostTypes, TypeDescriptor.Bytes);
    }

    ~TypeTable() => Dispose();

    /// <summary>The descriptors as tracing reads them.</summary>
    public TypeDescriptor* Table => _table;

    public int Count => _names.Count - 1;

    /// <summary>Bytes of descriptors in use.</summary>
    public long MetadataBytes => (long)_names.Count * TypeDescriptor.Bytes;

    /// <summary>An object whose first words are references, and the rest numbers.</summary>
    public ObjectType Define(string name, int references, int dataWords)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(references);
        ArgumentOutOfRangeException.ThrowIfNegative(dataWords);
        return Define(name, references + dataWords, [.. Enumerable.Range(0, references)]);
    }

    /// <summary>An object of so many words, of which those listed are references.</summary>
    public ObjectType Define(string name, int words, IReadOnlyList<int> references)
    {
        ArgumentNullException.ThrowIfNull(references);
        ArgumentOutOfRangeException.ThrowIfNegative(words);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(words, MostWords);
        for (var i = 0; i < references.Count; i++)
        {
            if (references[i] >= words || references[i] < (i == 0 ? 0 : references[i - 1] + 1))
            {
                throw new ArgumentException($"Type {name}: references are at ascending words from 0 to {words - 1}, and word {references[i]} is not.", nameof(references));
            }
        }

        var isRun = references.Count == 0 || references[^1] - references[0] == references.Count - 1;
        var descriptor = new TypeDescriptor
        {
            // The copy's address overwrites no more than the header, but free memory needs room for a link: one word of payload at least.
            Size = ObjectHeader.Bytes + (Math.Max(1, words) * 8),
            References = references.Count,
            First = references.Count == 0 ? 0 : ObjectHeader.Bytes + (references[0] * 8),
            Shape = references.Count == 0 ? ObjectShape.Data : isRun ? ObjectShape.Run : ObjectShape.Listed,
        };
        if (!isRun)
        {
            descriptor.Offsets = (int*)NativeMemory.Alloc((nuint)references.Count, sizeof(int));
            for (var i = 0; i < references.Count; i++)
            {
                descriptor.Offsets[i] = ObjectHeader.Bytes + (references[i] * 8);
            }
        }

        return Add(name, descriptor);
    }

    public ObjectType DefineReferenceArray(string name) =>
        Add(name, new TypeDescriptor { Size = 2 * ObjectHeader.Bytes, ElementSize = 8, First = 2 * ObjectHeader.Bytes, Shape = ObjectShape.ReferenceArray });

    /// <param name="elementSize">Bytes, 1 to 1024.</param>
    public ObjectType DefineDataArray(string name, int elementSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(elementSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementSize, 1024);
        return Add(name, new TypeDescriptor { Size = 2 * ObjectHeader.Bytes, ElementSize = elementSize, Shape = ObjectShape.DataArray });
    }

    /// <summary>An object whose first word is a weak reference: null once its object is gone.</summary>
    public ObjectType DefineWeak(string name, int dataWords)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(dataWords);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(dataWords, MostWords - 1);
        return Add(name, new TypeDescriptor { Size = ObjectHeader.Bytes + 8 + (dataWords * 8), References = 1, First = ObjectHeader.Bytes, Shape = ObjectShape.Weak });
    }

    /// <summary>Whether a header names a type: false for memory that holds no object.</summary>
    public bool Knows(ulong header) => (header >> ObjectHeader.TypeShift) % TypeDescriptor.Bytes == 0 && IndexOf(header) is var index && index > 0 && index < _names.Count;

    public string NameOf(ulong header) => Knows(header) ? _names[IndexOf(header)] : "no object";

    public ref readonly TypeDescriptor Of(ulong header) => ref *DescriptorOf(_table, header);

    internal static TypeDescriptor* DescriptorOf(TypeDescriptor* table, ulong header) => (TypeDescriptor*)((byte*)table + (header >> ObjectHeader.TypeShift));

    public void Dispose()
    {
        if (_table != null)
        {
            for (var i = 0; i < MostTypes; i++)
            {
                NativeMemory.Free(_table[i].Offsets);
            }

            NativeMemory.Free(_table);
            _table = null;
            GC.SuppressFinalize(this);
        }
    }

    private static int IndexOf(ulong header) => (int)((header >> ObjectHeader.TypeShift) / TypeDescriptor.Bytes);

    private ObjectType Add(string name, TypeDescriptor descriptor)
    {
        ObjectDisposedException.ThrowIf(_table == null, this);
        int index;
        lock (_names)
        {
            index = _names.Count;
            if (index == MostTypes)
            {
                throw new InvalidOperationException($"A heap has at most {MostTypes - 1} types.");
            }

            _table[index] = descriptor;
            _names.Add(name);
        }

        return new ObjectType((ulong)(index * TypeDescriptor.Bytes) << ObjectHeader.TypeShift, descriptor.Size, descriptor.ElementSize);
    }
}
