namespace Quire.Kernel.Scheduling;

/// <summary>A set of at most 64 virtual CPUs: bit N is CPU N.</summary>
public readonly record struct CpuSet(ulong Bits)
{
    public static readonly CpuSet All = new(ulong.MaxValue);

    public bool Contains(int cpu) => (Bits >> cpu & 1) != 0;

    public static CpuSet First(int count) => new(count >= 64 ? ulong.MaxValue : (1UL << count) - 1);

    public static CpuSet operator &(CpuSet left, CpuSet right) => new(left.Bits & right.Bits);
}
