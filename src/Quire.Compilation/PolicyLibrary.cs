using Quire.Replacement;

namespace Quire.Compilation;

/// <summary>Reads policies as commands name them: those of the registry, and paths of C# files that hold one.</summary>
public static class PolicyLibrary
{
    /// <summary>Reads "lru", "lru-k:k=3" or "./MyPolicy.cs:window=10". Throws <see cref="PolicyFormatException"/> with what is wrong, for a file with its lines.</summary>
    public static PolicySpecification Parse(string text) => Parse(text, []);

    /// <inheritdoc cref="PolicyRegistry.Parse(string, IEnumerable{string})"/>
    public static PolicySpecification Parse(string text, IEnumerable<string> besides)
    {
        if (!IsFile(text, out var path, out var parameters))
        {
            return PolicyRegistry.Parse(text, besides);
        }

        var descriptor = PolicyCompiler.Compile(path);
        var specification = new PolicySpecification(descriptor, PolicyParameters.Parse(descriptor.Name, parameters)) { File = path };
        specification.Build(16, new FrameBits(16));
        return specification;
    }

    /// <summary>As <see cref="PolicyRegistry.ParseList(string)"/>, with files among the names.</summary>
    public static IReadOnlyList<PolicySpecification> ParseList(string text) => PolicyRegistry.ParseList(text, Parse);

    private static bool IsFile(string text, out string path, out string parameters)
    {
        var end = text.IndexOf(".cs", StringComparison.Ordinal);
        path = end < 0 ? "" : text[..(end + 3)];
        parameters = end < 0 ? "" : text[(end + 3)..].TrimStart(':');
        return end >= 0 && (end + 3 == text.Length || text[end + 3] == ':');
    }
}
