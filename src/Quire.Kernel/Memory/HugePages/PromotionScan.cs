namespace Quire.Kernel.Memory.HugePages;

/// <summary>What one look through memory for huge pages to make has come to.</summary>
/// <param name="Spans">Spans of 2 MiB looked at.</param>
/// <param name="Promoted">Of these, now huge pages.</param>
/// <param name="FoundNoRoom">It ended early, as no block of frames was to be had.</param>
public readonly record struct PromotionScan(int Spans, int Promoted, bool FoundNoRoom);
