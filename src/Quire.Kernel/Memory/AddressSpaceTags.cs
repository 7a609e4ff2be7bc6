namespace Quire.Kernel.Memory;

/// <summary>
/// Tags that tell address spaces apart in a TLB (PCIDs, 12 bits). When all are in use, further spaces share tag 0, which is flushed at every
/// switch between them.
/// </summary>
internal sealed class AddressSpaceTags
{
    public const ushort Untagged = 0;

    private const ushort Last = 0xFFF;

    private readonly Stack<ushort> _free = new();
    private ushort _fresh = 1;

    public ushort Take()
    {
        if (_free.TryPop(out var tag))
        {
            return tag;
        }

        return _fresh <= Last ? _fresh++ : Untagged;
    }

    /// <summary>Gives a tag back; its translations must have been invalidated everywhere.</summary>
    public void Return(ushort tag)
    {
        if (tag != Untagged)
        {
            _free.Push(tag);
        }
    }
}
