using System.Diagnostics;
using System.IO.Compression;

namespace Quire.Allocation.Tests;

/// <summary>The package as others get it: packed, taken from a folder, used by a program that knows nothing of this repository.</summary>
public sealed class PackageTests : IDisposable
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

    private readonly string _directory = Directory.CreateTempSubdirectory("quire-package").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void HasDescriptionReadmeLicenceDocumentationAndWhatItDependsOn()
    {
        using var package = ZipFile.OpenRead(Pack());
        var entries = package.Entries.Select(entry => entry.FullName).ToList();
        var description = Read(package, "Quire.Allocation.nuspec");
        Assert.Contains("README.md", entries);
        Assert.Contains("lib/net10.0/Quire.Allocation.dll", entries);
        Assert.Contains("<readme>README.md</readme>", description, StringComparison.Ordinal);
        Assert.Contains("<license type=\"expression\">Apache-2.0</license>", description, StringComparison.Ordinal);
        Assert.Contains("<description>Native memory", description, StringComparison.Ordinal);
        Assert.Contains("T:Quire.Allocation.ThreadCachingHeap", Read(package, "lib/net10.0/Quire.Allocation.xml"), StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(_directory, "Quire.Primitives.*.nupkg"));
    }

    [Fact]
    public void ServesAStrangersProgram()
    {
        if (Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is null)
        {
            // Restoring and building a project anew takes too long for each day.
            Assert.True(File.Exists(Pack()));
            return;
        }

        var version = Path.GetFileNameWithoutExtension(Pack())["Quire.Allocation.".Length..];
        Write("nuget.config", $"<configuration><packageSources><clear /><add key=\"here\" value=\"{_directory}\" /></packageSources></configuration>");
        Write("Directory.Build.props", "<Project />");
        Write("Program.cs", Program);
        Write("stranger.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings><UseAppHost>false</UseAppHost>
                <RestorePackagesPath>packages</RestorePackagesPath>
              </PropertyGroup>
              <ItemGroup><PackageReference Include="Quire.Allocation" Version="{version}" /></ItemGroup>
            </Project>
            """);
        Assert.Equal("499500 16777216", DotNet(_directory, "run", "-v", "q").Trim().Split('\n')[^1]);
    }

    private string Pack()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Quire.slnx")))
        {
            root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("no repository around the tests");
        }

        // The test run has built it.
        DotNet(root, "pack", "src/Quire.Allocation", "-c", "Release", "--no-build", "-v", "q", "-o", _directory);
        return Directory.GetFiles(_directory, "Quire.Allocation.*.nupkg").Single();
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_directory, name), text);

    private static string Read(ZipArchive package, string name)
    {
        using var reader = new StreamReader(package.GetEntry(name)!.Open());
        return reader.ReadToEnd();
    }

    private static string DotNet(string directory, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("dotnet does not start");
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"dotnet {string.Join(' ', arguments)}: {output}{error.Result}");
        return output;
    }
}
