using System.Diagnostics;
using System.IO.Compression;
using Xunit;

namespace Quire.Replacement.Tests;

/// <summary>The package as others get it: packed, taken from a folder, used by a program that knows nothing of this repository.</summary>
public sealed class PackageTests : IDisposable
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

    private readonly string _directory = Directory.CreateTempSubdirectory("quire-package").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void HasDescriptionReadmeLicenceAndDocumentation()
    {
        using var package = ZipFile.OpenRead(Pack());
        var entries = package.Entries.Select(entry => entry.FullName).ToList();
        var description = Read(package, "Quire.Replacement.nuspec");

        Assert.Contains("README.md", entries);
        Assert.Contains("lib/net10.0/Quire.Replacement.dll", entries);
        Assert.Contains("<readme>README.md</readme>", description);
        Assert.Contains("<license type=\"expression\">Apache-2.0</license>", description);
        Assert.Contains("<description>Page replacement policies", description);
        Assert.DoesNotContain("<dependency id=", description);
        Assert.Contains("M:Quire.Replacement.BufferPool.Pin(System.Int64)", Read(package, "lib/net10.0/Quire.Replacement.xml"));
    }

    [Fact]
    public void ServesAStrangersProgram()
    {
        if (Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is null)
        {
            // What it would compile is compiled by BufferPoolTests each day; restoring and building a project anew takes too long for that.
            Assert.True(File.Exists(Pack()));
            return;
        }

        var version = Path.GetFileNameWithoutExtension(Pack())["Quire.Replacement.".Length..];
        Write("nuget.config", $"<configuration><packageSources><clear /><add key=\"here\" value=\"{_directory}\" /></packageSources></configuration>");
        Write("Directory.Build.props", "<Project />");
        Write("Program.cs", Program);
        Write("stranger.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings><UseAppHost>false</UseAppHost>
                <RestorePackagesPath>packages</RestorePackagesPath>
              </PropertyGroup>
              <ItemGroup><PackageReference Include="Quire.Replacement" Version="{version}" /></ItemGroup>
            </Project>
            """);

        Assert.Equal("3 45 1 61440", DotNet(_directory, "run", "-v", "q").Trim().Split('\n')[^1]);
    }

    private string Pack()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Quire.slnx")))
        {
            root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("no repository around the tests");
        }

        // The test run has built it.
        DotNet(root, "pack", "src/Quire.Replacement", "-c", "Release", "--no-build", "-v", "q", "-o", _directory);
        return Directory.GetFiles(_directory, "*.nupkg").Single();
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_directory, name), text);

    private static string Read(ZipArchive package, string name)
    {
        using var reader = new StreamReader(package.GetEntry(name)!.Open());
        return reader.ReadToEnd();
    }

    private static string DotNet(string directory, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = directory, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet does not start");
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"dotnet {string.Join(' ', arguments)}: {output}{error.Result}");
        return output;
    }
}
