namespace Quire.Collection.Tests;

/// <summary>How long a model run is: a seeded slice of every run by default, the full length when QUIRE_TEST_ALL is 1.</summary>
internal static class Lengths
{
    public static int Of(int slice, int full) => Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") == "1" ? full : slice;
}
