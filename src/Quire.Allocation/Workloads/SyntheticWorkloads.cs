namespace Quire.Allocation;

/// <summary>A way to make a workload up.</summary>
public sealed record SyntheticPattern(string Name, string Summary, Func<SyntheticOptions, IWorkload> Build);

/// <summary>All made-up workloads.</summary>
public static class SyntheticWorkloads
{
    public static IReadOnlyList<SyntheticPattern> All { get; } =
    [
        new("plateau", "fills up to the live blocks and replaces them one by one", options => new PhasedWorkload(options, step => step < options.Live || (step - options.Live) % 2 == 1)),
        new("ramp", "two allocations for each free up to the end", options => new PhasedWorkload(options, step => step % 3 != 2)),
        new("peak", "fills up, frees all, again and again", options => new PhasedWorkload(options, step => step / options.Live % 2 == 0)),
        new("knuth", "Knuth's simulation (TAOCP vol. 1, 2.5): one allocation a step, uniform lifetimes", options => new KnuthWorkload(options)),
        new("robson", "Robson's adversary: what fragments any allocator that does not move blocks", options => new RobsonWorkload(options)),
    ];

    /// <exception cref="FormatException">A name is unknown; the message lists those that exist.</exception>
    public static IWorkload Create(SyntheticOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var pattern = All.FirstOrDefault(candidate => candidate.Name == options.Pattern)
            ?? throw new FormatException($"pattern \"{options.Pattern}\" is none of {string.Join(", ", All.Select(candidate => candidate.Name))}");
        _ = Sizes(options);
        _ = Lives(options);
        return pattern.Build(options);
    }

    internal static Func<Random, long, long, long> Sizes(SyntheticOptions options) => SizeDistributions.All.TryGetValue(options.Sizes, out var sizes)
        ? sizes
        : throw new FormatException($"sizes \"{options.Sizes}\" are none of {string.Join(", ", SizeDistributions.All.Keys)}");

    internal static Func<Random, int, int> Lives(SyntheticOptions options) => Lifetimes.All.TryGetValue(options.Lives, out var lives)
        ? lives
        : throw new FormatException($"lives \"{options.Lives}\" are none of {string.Join(", ", Lifetimes.All.Keys)}");
}
