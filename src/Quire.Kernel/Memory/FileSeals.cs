namespace Quire.Kernel.Memory;

/// <summary>F_SEAL_* of fcntl(2): what nobody may do to a file in memory any more. Seals are never taken off.</summary>
[Flags]
public enum FileSeals
{
    None = 0,

    /// <summary>Add seals.</summary>
    Seal = 1,

    Shrink = 2,

    Grow = 4,

    /// <summary>Change bytes, through mappings too.</summary>
    Write = 8,

    /// <summary>Change bytes but through the mappings that there are.</summary>
    FutureWrite = 0x10,

    All = Seal | Shrink | Grow | Write | FutureWrite,
}
