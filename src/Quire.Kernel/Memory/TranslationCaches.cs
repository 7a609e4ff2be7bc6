using System.Numerics;
using System.Runtime.CompilerServices;
using Quire.Hardware.Translation;
using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>
/// The TLBs of all CPUs, as the kernel must invalidate them: the asking CPU's directly, and by a shootdown those of every other CPU that the
/// address space has run on since its tag was last flushed there.
/// </summary>
internal sealed class TranslationCaches
{
    /// <summary>A set of CPUs is a 64-bit mask.</summary>
    public const int MostCpus = 64;

    private readonly Mmu[] _mmus;
    private readonly MemoryCounters _counters;

    public TranslationCaches(IReadOnlyList<Mmu> mmus, MemoryCounters counters)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mmus.Count, MostCpus, nameof(mmus));
        _mmus = [.. mmus];
        _counters = counters;
    }

    public int CurrentCpu { get; set; }

    /// <summary>By CPU.</summary>
    public IReadOnlyList<Mmu> Mmus => _mmus;

    public void SwitchTo(AddressSpace space, int cpu)
    {
        if (cpu >= _mmus.Length)
        {
            return;
        }

        var mmu = _mmus[cpu];
        var tag = space.Tables.AddressSpaceTag;
        if (tag == AddressSpaceTags.Untagged && mmu.Root != space.Tables.Root)
        {
            mmu.InvalidateTag(tag);
        }

        space.CpuMask |= 1UL << cpu;
        mmu.SwitchTo(space.Tables.Root, tag);
    }

    public void InvalidatePage(AddressSpace space, ulong page)
    {
        var tag = space.Tables.AddressSpaceTag;
        for (var cpus = space.CpuMask; cpus != 0; cpus &= cpus - 1)
        {
            var cpu = BitOperations.TrailingZeroCount(cpus);
            _mmus[cpu].InvalidatePage(tag, new VirtualAddress(page), OriginFor(cpu));
        }
    }

    public void InvalidateRange(AddressSpace space, ulong start, ulong end)
    {
        var tag = space.Tables.AddressSpaceTag;
        var range = new VirtualRange(new VirtualAddress(start), new VirtualAddress(end));
        for (var cpus = space.CpuMask; cpus != 0; cpus &= cpus - 1)
        {
            var cpu = BitOperations.TrailingZeroCount(cpus);
            _mmus[cpu].InvalidateRange(tag, range, OriginFor(cpu));
        }
    }

    /// <summary>All of a space; afterwards only the CPUs that run it now need to be told of changes.</summary>
    public void InvalidateSpace(AddressSpace space)
    {
        var tag = space.Tables.AddressSpaceTag;
        for (var cpus = space.CpuMask; cpus != 0; cpus &= cpus - 1)
        {
            var cpu = BitOperations.TrailingZeroCount(cpus);
            _mmus[cpu].InvalidateTag(tag, OriginFor(cpu));
            if (_mmus[cpu].Root != space.Tables.Root)
            {
                space.CpuMask &= ~(1UL << cpu);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private InvalidationOrigin OriginFor(int cpu)
    {
        if (cpu == CurrentCpu)
        {
            _counters.LocalFlushes++;
            return InvalidationOrigin.Local;
        }

        _counters.Shootdowns++;
        return InvalidationOrigin.Remote;
    }
}
