namespace Quire.Kernel.Memory.Frames;

/// <summary>How hard to look for memory that can be freed.</summary>
internal enum ReclaimEffort
{
    /// <summary>A few pages for each frame wanted.</summary>
    Moderate,

    /// <summary>Every page, and kernel objects' empty slabs: the alternative is to refuse.</summary>
    Full,
}
