using Quire.Tests;

namespace Quire.Allocation.Tests;

/// <summary>The package as others get it: packed, taken from a folder, used by a program that knows nothing of this repository.</summary>
public class PackageTests
{
    private const string Program = """
        using Quire.Allocation;

        using var heap = new ThreadCachingHeap(new NativeRegion(1 << 24));
        using var numbers = heap.Rent<long>(1000);
        for (var i = 0; i < 1000; i++)
        {
            numbers[i] = i;
        }

        long sum = 0;
        foreach (var number in numbers.Span)
        {
            sum += number;
        }

        Console.WriteLine($"{sum} {heap.Statistics.Capacity}");
        """;

    [Fact]
    public void HasDescriptionReadmeLicenceDocumentationAndWhatItDependsOn()
    {
        using var package = new PackedLibrary("Quire.Allocation");
        var description = package.Read("Quire.Allocation.nuspec");
        Assert.Contains("README.md", package.Entries);
        Assert.Contains("lib/net10.0/Quire.Allocation.dll", package.Entries);
        Assert.Contains("<readme>README.md</readme>", description, StringComparison.Ordinal);
        Assert.Contains("<license type=\"expression\">Apache-2.0</license>", description, StringComparison.Ordinal);
        Assert.Contains("<description>Native memory", description, StringComparison.Ordinal);
        Assert.Contains("T:Quire.Allocation.ThreadCachingHeap", package.Read("lib/net10.0/Quire.Allocation.xml"), StringComparison.Ordinal);
        Assert.StartsWith("Quire.Primitives.", Assert.Single(package.Others), StringComparison.Ordinal);
    }

    /// <summary>Restoring and building a project anew takes too long for each day: then the library itself is looked at.</summary>
    [Fact]
    public void ServesAStrangersProgram()
    {
        using var package = new PackedLibrary("Quire.Allocation");
        if (Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is null)
        {
            Assert.Contains("lib/net10.0/Quire.Allocation.dll", package.Entries);
            return;
        }

        Assert.Equal("499500 16777216", package.LastLineOf(Program));
    }
}
