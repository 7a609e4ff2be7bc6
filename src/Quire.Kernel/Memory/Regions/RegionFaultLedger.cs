using System.Runtime.InteropServices;

namespace Quire.Kernel.Memory.Regions;

/// <summary>Which process a region belonged to, and what maps called it.</summary>
public readonly record struct RegionName(int Process, string Name);

/// <summary>Adds the faults of regions up by process and name, so that a run can say where they happened after its regions are gone.</summary>
public sealed class RegionFaultLedger
{
    private readonly Dictionary<RegionName, RegionFaults> _ended = [];

    /// <summary>Regions that no longer exist.</summary>
    public IReadOnlyDictionary<RegionName, RegionFaults> Ended => _ended;

    internal void Add(RegionName name, RegionFaults faults)
    {
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_ended, name, out _);
        sum = new RegionFaults(sum.Minor + faults.Minor, sum.Major + faults.Major, sum.CopyOnWrite + faults.CopyOnWrite, sum.Zero + faults.Zero);
    }
}
