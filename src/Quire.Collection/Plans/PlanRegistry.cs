namespace Quire.Collection;

/// <summary>Every plan, in the order in which tables show them. A new plan is one file and one line here.</summary>
public static class PlanRegistry
{
    public static IReadOnlyList<PlanDescriptor> All { get; } =
    [
        Semispace.Definition,
        MarkSweep.Definition,
        MarkCompact.Definition,
        Generational.Definition,
        GenerationalMarkSweep.Definition,
        Immix.Definition,
        StickyImmix.Definition,
        Incremental.Dijkstra,
        Incremental.Steele,
        Incremental.Yuasa,
        ConcurrentMarkSweep.Definition,
        ConcurrentCopying.Definition,
        ReferenceCounting.Definition,
        DeferredCounting.Definition,
        CycleCounting.Definition,
        Malloc.Definition,
        Arenas.Definition,
        NoFreeing.Definition,
    ];

    /// <summary>Reads "semispace" or "generational:nursery=1M".</summary>
    /// <exception cref="CollectionFormatException">One line for the user.</exception>
    public static PlanSpecification Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var colon = text.IndexOf(':');
        var name = (colon < 0 ? text : text[..colon]).Trim().ToLowerInvariant();
        var descriptor = All.FirstOrDefault(plan => plan.Name == name)
            ?? throw new CollectionFormatException($"no plan '{name}'; there are {string.Join(", ", All.Select(plan => plan.Name))}");
        return new PlanSpecification(descriptor, ParameterValues.Parse("plan " + name, colon < 0 ? "" : text[(colon + 1)..], descriptor.Parameters));
    }

    /// <summary>Reads a list: names with commas between, where a part with "=" continues the parameters before it; "all" for every plan.</summary>
    /// <exception cref="CollectionFormatException">One line for the user.</exception>
    public static IReadOnlyList<PlanSpecification> ParseList(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var plans = new List<string>();
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (part.Contains('=') && !part.Contains(':') && plans.Count > 0)
            {
                plans[^1] += (plans[^1].Contains(':') ? "," : ":") + part;
            }
            else
            {
                plans.Add(part);
            }
        }

        return plans.Count == 0
            ? throw new CollectionFormatException("no plan given")
            : [.. plans.SelectMany(plan => plan == "all" ? All.Select(descriptor => Parse(descriptor.Name)) : [Parse(plan)])];
    }
}

/// <summary>A plan with its parameters, as a user names it.</summary>
public sealed record PlanSpecification(PlanDescriptor Descriptor, ParameterValues Parameters)
{
    public string Name => Parameters.Text.Length == 0 ? Descriptor.Name : $"{Descriptor.Name}:{Parameters.Text}";

    /// <exception cref="CollectionFormatException">A parameter is out of range.</exception>
    public Plan Build(PlanSetup setup)
    {
        ArgumentNullException.ThrowIfNull(setup);
        return Descriptor.Build(setup with { Parameters = Parameters });
    }
}
