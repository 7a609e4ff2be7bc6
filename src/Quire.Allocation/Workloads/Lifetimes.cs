namespace Quire.Allocation;

/// <summary>Which of the live blocks, in order of allocation, is freed next.</summary>
public static class Lifetimes
{
    public static IReadOnlyDictionary<string, Func<Random, int, int>> All { get; } = new Dictionary<string, Func<Random, int, int>>
    {
        // Any block may be next: lifetimes are geometric, the discrete exponential.
        ["exponential"] = (random, live) => random.Next(live),
        ["fifo"] = (_, _) => 0,
        ["lifo"] = (_, live) => live - 1,

        // Most blocks die young: fifteen of sixteen frees are among the sixteen newest.
        ["young"] = (random, live) => random.Next(16) != 0 ? live - 1 - random.Next(Math.Min(16, live)) : random.Next(live),
    };
}
