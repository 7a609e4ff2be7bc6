namespace Quire.Kernel.Memory;

/// <summary>The cached pages of one file.</summary>
public sealed class PageCache
{
}
