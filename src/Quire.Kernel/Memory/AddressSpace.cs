using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>What one process can address: its regions and its page tables.</summary>
public sealed class AddressSpace
{
    public int CopyToGuest(VirtualAddress address, ReadOnlySpan<byte> source) => throw new InvalidOperationException();

    public int CopyFromGuest(VirtualAddress address, Span<byte> destination) => throw new InvalidOperationException();
}
