namespace Quire.Kernel.Files.Layers;

/// <summary>
/// How names lay in a kept layer of the first format (the convention of aufs and of OCI image layers): ".wh.NAME" says that NAME of the tree below is
/// gone, ".wh..wh..opq" that nothing below shows through. A guest's own name that begins with ".wh." was kept behind ".wh..wh.lit.".
/// </summary>
internal static class FormerLayerNames
{
    public const string Opaque = ".wh..wh..opq";

    /// <summary>Where a new state was built, and where the old one went until the new one was in place.</summary>
    public const string Next = ".wh..wh.next";
    public const string Previous = ".wh..wh.prev";

    private const string Prefix = ".wh.";
    private const string Reserved = ".wh..wh.";
    private const string Literal = ".wh..wh.lit.";

    /// <summary>True if the stored name is a whiteout; the guest's name either way. Null for names that the layer itself uses.</summary>
    public static bool IsWhiteout(string stored, out string? name)
    {
        if (stored.StartsWith(Literal))
        {
            name = stored[Literal.Length..];
            return false;
        }

        if (stored.StartsWith(Prefix + Literal))
        {
            name = stored[(Prefix.Length + Literal.Length)..];
            return true;
        }

        if (stored.StartsWith(Reserved))
        {
            name = null;
            return false;
        }

        var isWhiteout = stored.StartsWith(Prefix);
        name = isWhiteout ? stored[Prefix.Length..] : stored;
        return isWhiteout;
    }
}
