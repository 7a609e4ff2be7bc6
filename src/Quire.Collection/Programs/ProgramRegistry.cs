namespace Quire.Collection;

/// <summary>Every program. A new one is one file and one line here.</summary>
public static class ProgramRegistry
{
    public static IReadOnlyList<ProgramDescriptor> All { get; } =
    [
        GcBench.Definition,
        BinaryTrees.Definition,
        Splay.Definition,
        LruCache.Definition,
        Strings.Definition,
        RandomGraph.Definition,
        OldToYoung.Definition,
        Fragmenting.Definition,
        PerfSim.Definition,
        Recording.Definition,
    ];

    /// <summary>Reads "gcbench" or "binary-trees:depth=18".</summary>
    /// <exception cref="CollectionFormatException">One line for the user.</exception>
    public static ProgramSpecification Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var colon = text.IndexOf(':');
        var name = (colon < 0 ? text : text[..colon]).Trim().ToLowerInvariant();
        var descriptor = All.FirstOrDefault(program => program.Name == name)
            ?? throw new CollectionFormatException($"no program '{name}'; there are {string.Join(", ", All.Select(program => program.Name))}");
        var specification = new ProgramSpecification(descriptor, ParameterValues.Parse("program " + name, colon < 0 ? "" : text[(colon + 1)..], descriptor.Parameters));
        specification.Build();
        return specification;
    }
}
