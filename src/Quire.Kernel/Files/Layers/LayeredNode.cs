using Quire.Allocation;
using Quire.Kernel.Memory.Slabs;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files.Layers;

/// <summary>A fifo, socket or device node: what opening it gives is decided by its type and device number.</summary>
public sealed class LayeredNode : LayeredInode
{
    internal LayeredNode(LayeredFileSystem fileSystem, SlabSlot slot, in InodeAttributes attributes)
        : base(fileSystem, slot, attributes)
    {
    }

    public override Errno Open(in OpenRequest request, out OpenFile? file) => SpecialFiles.Open(request, out file);
}

/// <summary>A symbolic link.</summary>
public sealed class LayeredLink : LayeredInode
{
    private const int LinkUnit = 64;

    internal LayeredLink(LayeredFileSystem fileSystem, SlabSlot slot, in InodeAttributes attributes)
        : base(fileSystem, slot, attributes) => _charge = new KernelCharge(fileSystem.Memory.Slabs.Cache("symlink_text", LinkUnit));

    private readonly KernelCharge _charge;

    /// <summary>Where a link that guests made leads; null for a link of the host.</summary>
    internal string? Target { get; private set; }

    /// <summary>False: no memory for the text.</summary>
    internal bool TrySetTarget(string target)
    {
        if (!_charge.TryAdd(2 * target.Length))
        {
            return false;
        }

        Target = target;
        return true;
    }

    private protected override void Free()
    {
        _charge.Clear();
        base.Free();
    }

    public override InodeAttributes Attributes => Target is { } target ? base.Attributes with { Size = (ulong)target.Length } : base.Attributes;

    public override Errno ReadLink(GuestThread? reader, out string target)
    {
        target = Target ?? "";
        return Target is null ? FileSystem.Host.ReadLink(LowerPath!, out target) : Errno.None;
    }

    public override Errno Open(in OpenRequest request, out OpenFile? file)
    {
        file = null;
        return Errno.ELOOP;
    }
}
