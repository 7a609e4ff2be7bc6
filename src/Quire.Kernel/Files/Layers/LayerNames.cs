namespace Quire.Kernel.Files.Layers;

/// <summary>
/// How names lie in a kept layer (the convention of aufs and of OCI image layers): ".wh.NAME" says that NAME of the tree below is gone,
/// ".wh..wh..opq" that nothing below shows through. A guest's own name that begins with ".wh." is kept behind ".wh..wh.lit.".
/// </summary>
internal static class LayerNames
{
    public const string Opaque = ".wh..wh..opq";

    /// <summary>The file with the attributes that the host cannot keep.</summary>
    public const string Sidecar = ".wh..wh.meta";

    /// <summary>Where a new state is built, and where the old one goes until the new one is in place.</summary>
    public const string Next = ".wh..wh.next";
    public const string Previous = ".wh..wh.prev";

    private const string Prefix = ".wh.";
    private const string Reserved = ".wh..wh.";
    private const string Literal = ".wh..wh.lit.";

    public static string ForWhiteout(string name) => Prefix + Escape(name);

    public static string ForFile(string name) => Escape(name);

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

    private static string Escape(string name) => name.StartsWith(Prefix) ? Literal + name : name;
}
