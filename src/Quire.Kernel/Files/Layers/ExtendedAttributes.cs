using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Slabs;
using Quire.Primitives;

namespace Quire.Kernel.Files.Layers;

/// <summary>
/// Extended attributes that guests set or removed on one file, in memory that the machine pays for. A value has at most 64 KiB, the names together as
/// much as listxattr gives, and both together no more than fits beside each other, as file systems bound what one file may have.
/// </summary>
internal sealed class ExtendedAttributes(KernelMemory memory)
{
    private const int UnitBytes = 128;
    private const int MostNameBytes = 65_536;
    private const int MostBytes = 2 * 65_536;

    // Bytes of the table's own for a name.
    private const int EntryBytes = 64;

    private readonly Dictionary<string, byte[]?> _values = new(StringComparer.Ordinal);
    private readonly KernelCharge _charge = new(memory.Slabs.Cache("simple_xattr", UnitBytes));
    private int _nameBytes;
    private int _bytes;

    /// <summary>What was set, or removed (null).</summary>
    public IReadOnlyDictionary<string, byte[]?> Values => _values;

    /// <summary>ENOSPC: the file has no room for more, or the machine no memory.</summary>
    public Errno Set(string name, byte[]? value)
    {
        _values.TryGetValue(name, out var before);
        var isNew = !_values.ContainsKey(name);
        var names = isNew ? name.Length + 1 : 0;
        var change = names + (value?.Length ?? 0) - (before?.Length ?? 0);
        if (value is not null && (_nameBytes + names > MostNameBytes || _bytes + change > MostBytes))
        {
            return Errno.ENOSPC;
        }

        var charge = change + (isNew ? EntryBytes + name.Length : 0);
        if (charge > 0 && !_charge.TryAdd(charge))
        {
            return Errno.ENOSPC;
        }

        if (charge < 0)
        {
            _charge.Remove(-charge);
        }

        _values[name] = value;
        _nameBytes += names;
        _bytes += change;
        return Errno.None;
    }

    public void Clear()
    {
        _values.Clear();
        _charge.Clear();
        (_nameBytes, _bytes) = (0, 0);
    }
}
