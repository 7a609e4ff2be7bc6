namespace Quire.Allocation;

/// <summary>A heap at one moment of a replay. Bytes; fragmentation as shares from 0 to 1.</summary>
/// <param name="Event">Calls made before.</param>
/// <param name="Live">What the program asked for and has not freed.</param>
/// <param name="Map">Share of each of the map's equal pieces that is allocated.</param>
public sealed record ReplaySample(
    long Event, long Live, long Allocated, long Footprint, long FreeBlocks, long LargestFree, double External, double Internal, IReadOnlyList<float> Map);
