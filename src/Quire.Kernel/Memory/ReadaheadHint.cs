namespace Quire.Kernel.Memory;

/// <summary>How a file will be read (posix_fadvise).</summary>
public enum ReadaheadHint
{
    Normal,
    Random,
    Sequential,
}
