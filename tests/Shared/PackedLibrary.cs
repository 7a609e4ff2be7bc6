using System.Diagnostics;
using System.IO.Compression;
using Xunit;

namespace Quire.Tests;

/// <summary>A library's package as others get it: packed, opened, used by a program that knows nothing of this repository.</summary>
internal sealed class PackedLibrary : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("quire-package").FullName;
    private readonly string _name;
    private readonly ZipArchive _package;

    /// <summary>Packs a project of src/ that the test run has built.</summary>
    public PackedLibrary(string name)
    {
        _name = name;
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Quire.slnx")))
        {
            root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("no repository around the tests");
        }

        DotNet(root, "pack", $"src/{name}", "-c", "Release", "--no-build", "-v", "q", "-o", _directory);
        _package = ZipFile.OpenRead(Directory.GetFiles(_directory, $"{name}.*.nupkg").Single());
    }

    /// <summary>Paths of the files in it.</summary>
    public IEnumerable<string> Entries => _package.Entries.Select(entry => entry.FullName);

    /// <summary>Names of the packages beside it, without itself.</summary>
    public IEnumerable<string> Others => Directory.GetFiles(_directory, "*.nupkg").Select(file => Path.GetFileName(file)).Where(file => !file.StartsWith(_name, StringComparison.Ordinal));

    public void Dispose()
    {
        _package.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    public string Read(string entry)
    {
        using var reader = new StreamReader(_package.GetEntry(entry)!.Open());
        return reader.ReadToEnd();
    }

    /// <summary>What a program prints last that takes the library from the package alone. Restores and builds, which takes many seconds.</summary>
    public string LastLineOf(string program)
    {
        var version = Path.GetFileNameWithoutExtension(Directory.GetFiles(_directory, $"{_name}.*.nupkg").Single())[(_name.Length + 1)..];
        Write("nuget.config", $"<configuration><packageSources><clear /><add key=\"here\" value=\"{_directory}\" /></packageSources></configuration>");
        Write("Directory.Build.props", "<Project />");
        Write("Program.cs", program);
        Write("stranger.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings><UseAppHost>false</UseAppHost>
                <RestorePackagesPath>packages</RestorePackagesPath>
              </PropertyGroup>
              <ItemGroup><PackageReference Include="{_name}" Version="{version}" /></ItemGroup>
            </Project>
            """);
        return DotNet(_directory, "run", "-v", "q").Trim().Split('\n')[^1];
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_directory, name), text);

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
