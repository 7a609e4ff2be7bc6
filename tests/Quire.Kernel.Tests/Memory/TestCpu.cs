using System.Runtime.CompilerServices;
using Quire.Hardware.Cpu;
using Quire.Hardware.Memory;
using Quire.Hardware.Translation;
using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Tests.Memory;

/// <summary>The memory side of a CPU: loads and stores through its lookups and its MMU, with faults taken to the kernel and the access restarted.</summary>
internal sealed unsafe class TestCpu
{
    private readonly FastEntry[] _slotArray = GC.AllocateArray<FastEntry>(FastEntry.Count, pinned: true);
    private readonly ulong[] _references = GC.AllocateArray<ulong>(1, pinned: true);

    public TestCpu(PhysicalMemory memory, TlbOptions options) =>
        Mmu = new Mmu(memory, options, (FastEntry*)Unsafe.AsPointer(ref _slotArray[0]), (ulong*)Unsafe.AsPointer(ref _references[0]));

    public Mmu Mmu { get; }

    public FaultResult LastFault { get; private set; }

    public bool TryLoad(AddressSpace space, VirtualAddress address, out ulong value)
    {
        var host = Reach(space, address.Value, AccessKind.Read);
        value = host == null ? 0 : *(ulong*)host;
        return host != null;
    }

    public bool TryStore(AddressSpace space, VirtualAddress address, ulong value)
    {
        var host = Reach(space, address.Value, AccessKind.Write);
        if (host != null)
        {
            *(ulong*)host = value;
        }

        return host != null;
    }

    private byte* Reach(AddressSpace space, ulong address, AccessKind kind)
    {
        ref var slot = ref _slotArray[FastEntry.IndexOf(address)];
        if ((kind == AccessKind.Write ? slot.WriteTag : slot.ReadTag) == (address & Page.Mask))
        {
            slot.Stamp = ++_references[0];
            return (byte*)((long)address + slot.Delta);
        }

        // The same access faults again only a few times: file page, then its copy.
        for (var attempt = 0; attempt < 4; attempt++)
        {
            var host = Mmu.TranslateData(address, kind);
            if (host != null)
            {
                return host;
            }

            LastFault = space.HandleFault(new VirtualAddress(Mmu.FaultAddress), Mmu.FaultError | PageFaultError.User);
            if (!LastFault.IsResolved)
            {
                return null;
            }
        }

        throw new InvalidOperationException($"the fault at {address:x} does not go away");
    }
}
