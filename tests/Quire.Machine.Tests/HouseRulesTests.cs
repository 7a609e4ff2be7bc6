using System.Text.RegularExpressions;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests;

/// <summary>docs/architecture.md as far as a test can hold it.</summary>
public class HouseRulesTests
{
    private static readonly Dictionary<string, string[]> MayReference = new()
    {
        ["Quire.Primitives"] = [],
        ["Quire.Replacement"] = ["Quire.Primitives"],
        ["Quire.Allocation"] = ["Quire.Primitives"],
        ["Quire.Collection"] = ["Quire.Primitives", "Quire.Allocation"],
        ["Quire.Hardware"] = ["Quire.Primitives"],
        ["Quire.Kernel"] = ["Quire.Primitives", "Quire.Hardware", "Quire.Replacement", "Quire.Allocation"],
        ["Quire.Traces"] = ["Quire.Primitives", "Quire.Replacement"],
        ["Quire.Compilation"] = ["Quire.Replacement", "Quire.Collection"],
        ["Quire.Observation"] = ["Quire.Primitives", "Quire.Kernel", "Quire.Traces"],
        ["Quire.Machine"] = ["Quire.Primitives", "Quire.Replacement", "Quire.Allocation", "Quire.Hardware", "Quire.Kernel", "Quire.Traces", "Quire.Observation"],
        ["Quire.Cli"] = ["Quire.Compilation", "Quire.Primitives", "Quire.Replacement", "Quire.Machine", "Quire.Observation", "Quire.Traces", "Quire.Allocation", "Quire.Collection"],
    };

    private static string Sources => Path.Combine(ProgramRun.Root, "src");

    [Fact]
    public void ProjectsReferenceOnlyWhatTheHouseAllows()
    {
        var projects = Directory.GetFiles(Sources, "*.csproj", SearchOption.AllDirectories);
        Assert.NotEmpty(projects);
        Assert.All(projects, project =>
        {
            var name = Path.GetFileNameWithoutExtension(project);
            var references = Regex.Matches(File.ReadAllText(project), @"<ProjectReference Include=""[^""]*/([\w.]+)\.csproj""").Select(match => match.Groups[1].Value);
            Assert.Subset(MayReference[name].ToHashSet(), references.ToHashSet());
        });
    }

    [Fact]
    public void KernelMemoryKnowsNothingOfProcessesAndFiles()
    {
        var files = Directory.GetFiles(Path.Combine(Sources, "Quire.Kernel", "Memory"), "*.cs", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.DoesNotMatch(@"using (static )?Quire\.Kernel\.(Processes|Syscalls|Scheduling|Files|Loading|Namespaces)\b", File.ReadAllText(file)));
    }

    [Fact]
    public void SourceFilesStayShort()
    {
        var files = Directory.GetFiles(Sources, "*.cs", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.True(File.ReadLines(file).Count() <= 600, $"{file} has more than 600 lines"));
    }

    [Fact]
    public void NamesSayWhatThingsAre()
    {
        var names = Directory.GetFiles(Sources, "*.cs", SearchOption.AllDirectories).Select(file => Path.GetFileNameWithoutExtension(file)!).ToList();
        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.DoesNotMatch("(Manager|Helper|Helpers|Util|Utils|Impl|Common|Misc|V2)$", name));
    }
}
