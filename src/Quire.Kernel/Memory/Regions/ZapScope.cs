namespace Quire.Kernel.Memory.Regions;

/// <summary>Which pages of a region lose their mappings.</summary>
internal enum ZapScope
{
    All,

    /// <summary>Private copies stay.</summary>
    FilePages,
}
