namespace Quire.Hardware.Translation;

/// <summary>What an access wants of a page.</summary>
public enum AccessKind
{
    Read,
    Write,
    Fetch,
}
