using Quire.Tests;
using Xunit;

namespace Quire.Replacement.Tests;

/// <summary>The package as others get it: packed, taken from a folder, used by a program that knows nothing of this repository.</summary>
public class PackageTests
{
    private const string Program = """
        using Quire.Replacement;

        using var pool = new BufferPool<Arc>(PageFile.Open("pages.db"), frames: 10);
        for (var round = 0; round < 3; round++)
        {
            for (var number = 0; number < 15; number++)
            {
                using var page = pool.Pin(number);
                page.Bytes[0] += 1;
                page.MarkDirty();
            }
        }

        pool.Flush();
        using (var named = BufferPool.Open("pages.db", 4, "s3-fifo"))
        {
            using var page = named.Pin(14);
            Console.WriteLine($"{page.Bytes[0]} {pool.Counts.Hits + pool.Counts.Misses} {named.Counts.Misses} {new FileInfo("pages.db").Length}");
        }
        """;

    [Fact]
    public void HasDescriptionReadmeLicenceAndDocumentation()
    {
        using var package = new PackedLibrary("Quire.Replacement");
        var description = package.Read("Quire.Replacement.nuspec");

        Assert.Contains("README.md", package.Entries);
        Assert.Contains("lib/net10.0/Quire.Replacement.dll", package.Entries);
        Assert.Contains("<readme>README.md</readme>", description);
        Assert.Contains("<license type=\"expression\">Apache-2.0</license>", description);
        Assert.Contains("<description>Page replacement policies", description);
        Assert.DoesNotContain("<dependency id=", description);
        Assert.Contains("M:Quire.Replacement.BufferPool.Pin(System.Int64)", package.Read("lib/net10.0/Quire.Replacement.xml"));
    }

    /// <summary>Restoring and building a project anew takes too long for each day: then the library itself is looked at.</summary>
    [Fact]
    public void ServesAStrangersProgram()
    {
        using var package = new PackedLibrary("Quire.Replacement");
        if (Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is null)
        {
            Assert.Contains("lib/net10.0/Quire.Replacement.dll", package.Entries);
            return;
        }

        Assert.Equal("3 45 1 61440", package.LastLineOf(Program));
    }
}
