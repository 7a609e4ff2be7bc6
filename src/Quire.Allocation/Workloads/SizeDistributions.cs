namespace Quire.Allocation;

/// <summary>Distributions of block sizes between two bounds.</summary>
public static class SizeDistributions
{
    public static IReadOnlyDictionary<string, Func<Random, long, long, long>> All { get; } = new Dictionary<string, Func<Random, long, long, long>>
    {
        ["uniform"] = (random, least, most) => random.NextInt64(least, most + 1),
        ["pareto"] = Pareto,
        ["exponential"] = (random, least, most) => Math.Min(most, least + (long)(-Math.Log(1 - random.NextDouble()) * (most - least) / 8)),
        ["powers"] = Powers,
        ["fixed"] = (_, _, most) => most,
    };

    // Inverse of the bounded Pareto distribution of shape 1: density proportional to 1/x^2.
    private static long Pareto(Random random, long least, long most)
    {
        var (low, high) = (1.0 / least, 1.0 / most);
        return Math.Clamp((long)(1 / (low - (random.NextDouble() * (low - high)))), least, most);
    }

    private static long Powers(Random random, long least, long most)
    {
        var (low, high) = (long.Log2(least), long.Log2(most));
        return Math.Clamp(1L << (int)random.NextInt64(low, high + 1), least, most);
    }
}
