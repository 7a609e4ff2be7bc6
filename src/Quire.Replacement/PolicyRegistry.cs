namespace Quire.Replacement;

/// <summary>Every policy, in the order in which tables show them. A new policy is one file and one line here.</summary>
public static class PolicyRegistry
{
    public static IReadOnlyList<PolicyDescriptor> All { get; } =
    [
        PolicyDescriptor.Of<Opt>(),
        PolicyDescriptor.Of<Fifo>(),
        PolicyDescriptor.Of<Lru>(),
        PolicyDescriptor.Of<Mru>(),
        PolicyDescriptor.Of<Clock>(),
        PolicyDescriptor.Of<GeneralizedClock>(),
        PolicyDescriptor.Of<EnhancedClock>(),
        PolicyDescriptor.Of<SecondChanceLists>(),
        PolicyDescriptor.Of<ClockSweep>(),
        PolicyDescriptor.Of<RandomChoice>(),
        PolicyDescriptor.Of<Lfu>(),
        PolicyDescriptor.Of<LruK>(),
        PolicyDescriptor.Of<TwoQueue>(),
        PolicyDescriptor.Of<Arc>(),
        PolicyDescriptor.Of<Car>(),
        PolicyDescriptor.Of<Lirs>(),
        PolicyDescriptor.Of<ClockPro>(),
        PolicyDescriptor.Of<Sieve>(),
        PolicyDescriptor.Of<S3Fifo>(),
        PolicyDescriptor.Of<WTinyLfu>(),
        PolicyDescriptor.Of<Aging>(),
        PolicyDescriptor.Of<MultiGeneration>(),
        PolicyDescriptor.Of<WsClock>(),
        PolicyDescriptor.Of<WorkingSet>(),
        PolicyDescriptor.Of<PageFaultFrequency>(),
        PolicyDescriptor.Of<Vmin>(),
    ];

    /// <summary>Policies that run in a fixed number of frames: what "all" means.</summary>
    public static IEnumerable<PolicyDescriptor> FixedSpace => All.Where(policy => !policy.IsVariableSpace);

    /// <summary>Reads "lru" or "lru-k:k=2,crp=0". Throws <see cref="PolicyFormatException"/> with one line for the user.</summary>
    public static PolicySpecification Parse(string text) => Parse(text, []);

    /// <param name="besides">Names that the caller knows besides those of the registry: the message for a name that nobody knows lists them too.</param>
    public static PolicySpecification Parse(string text, IEnumerable<string> besides)
    {
        var colon = text.IndexOf(':');
        var name = (colon < 0 ? text : text[..colon]).Trim().ToLowerInvariant();
        var descriptor = All.FirstOrDefault(policy => policy.Name == name || policy.Description.Aliases.Contains(name))
            ?? throw new PolicyFormatException($"no policy '{name}'; there are {string.Join(", ", besides.Concat(All.Select(policy => policy.Name)))}");
        var parameters = PolicyParameters.Parse(descriptor.Name, colon < 0 ? "" : text[(colon + 1)..]);
        if (descriptor.Description.Variant(parameters) is { } variant)
        {
            descriptor = All.First(policy => policy.Name == variant);
        }

        var specification = new PolicySpecification(descriptor, parameters);
        specification.Build(16, new FrameBits(16));
        return specification;
    }

    /// <summary>Reads a list: names with commas or blanks between, where a part with "=" continues the parameters before it; "all" for every fixed-space policy.</summary>
    public static IReadOnlyList<PolicySpecification> ParseList(string text) => ParseList(text, Parse);

    /// <param name="parse">Reads one of them.</param>
    public static IReadOnlyList<PolicySpecification> ParseList(string text, Func<string, PolicySpecification> parse)
    {
        var policies = new List<string>();
        foreach (var part in text.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (part.Contains('=') && !part.Contains(':') && policies.Count > 0)
            {
                policies[^1] += (policies[^1].Contains(':') ? "," : ":") + part;
            }
            else
            {
                policies.Add(part);
            }
        }

        return policies.Count == 0
            ? throw new PolicyFormatException("no policy given")
            : [.. policies.SelectMany(policy => policy == "all" ? FixedSpace.Select(descriptor => Parse(descriptor.Name)) : [parse(policy)])];
    }
}
