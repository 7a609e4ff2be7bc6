namespace Quire.Allocation;

/// <summary>The columns of /proc/slabinfo, in its order (Linux slabinfo(5)). Sizes in bytes.</summary>
public readonly record struct SlabStatistics(
    string Name,
    long ActiveObjects,
    long TotalObjects,
    int ObjectSize,
    int ObjectsPerSlab,
    int PagesPerSlab,
    int ActiveSlabs,
    int TotalSlabs);
