using System.Text.RegularExpressions;

namespace Quire.Machine.Tests.Programs;

/// <summary>
/// Programs that try control groups case by case and say of each whether it is as on Linux: one of this project, and the kernel's own selftests
/// (tools/testing/selftests/cgroup of Debian's linux-source-6.1) when QUIRE_TEST_ALL is set. What does not pass is named here with its reason.
/// </summary>
public sealed partial class ControlGroupSelftests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    private const string Sources = "/usr/src/linux-source-6.1.tar.xz";
    private const string Folder = "linux-source-6.1/tools/testing/selftests";

    // Why each: docs/control-groups.md.
    private static readonly Dictionary<string, string[]> s_exceptions = new()
    {
        ["test_freezer"] = ["test_cgfreezer_ptrace", "test_cgfreezer_ptraced"],
        ["test_kmem"] = ["test_kmem_basic"],
        ["test_memcontrol"] = ["test_memcg_low", "test_memcg_high_sync", "test_memcg_max", "test_memcg_sock"],
    };

    public static TheoryData<string, int> Programs => Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is null
        ? new() { { "group_calls", 13 } }
        : new() { { "group_calls", 13 }, { "test_core", 12 }, { "test_kill", 3 }, { "test_freezer", 10 }, { "test_memcontrol", 14 }, { "test_kmem", 6 } };

    [Theory]
    [MemberData(nameof(Programs))]
    public void EveryCaseIsAsOnLinuxButTheNamed(string name, int cases)
    {
        var program = name == "group_calls" ? programs.Compile("group_calls.c") : CompileOfKernel(name);

        // Where the current directory's pages are those of a file on a disk; lines are not kept back when the program forks.
        var run = ProgramRun.OnQuire("/usr", ["stdbuf", "-oL", program], "", "--ram", "1G", "--swap", "512M");
        var verdicts = Verdict().Matches(run.Output).Select(match => (Name: match.Groups["name"].Value, IsPassed: match.Groups["bad"].Length == 0)).ToList();
        Assert.True(cases == verdicts.Count, $"{run}");
        Assert.Equal(s_exceptions.GetValueOrDefault(name, []), verdicts.Where(verdict => !verdict.IsPassed).Select(verdict => verdict.Name));
    }

    private string CompileOfKernel(string name)
    {
        Assert.True(File.Exists(Sources), $"{Sources} is missing: ./test --all installs it");
        if (!Directory.Exists(Path.Combine(programs.Directory, Folder)))
        {
            Succeed(["tar", "-xJf", Sources, "--wildcards", $"{Folder}/cgroup/*", $"{Folder}/kselftest.h", $"{Folder}/clone3/*.h", $"{Folder}/pidfd/*.h"]);
        }

        var folder = Path.Combine(programs.Directory, Folder, "cgroup");
        var target = Path.Combine(folder, name);
        Succeed(["gcc", "-w", "-pthread", "-o", target, $"{target}.c", Path.Combine(folder, "cgroup_util.c")]);
        return target;
    }

    private void Succeed(string[] command)
    {
        var run = ProgramRun.Natively(programs.Directory, command);
        Assert.True(run.ExitCode == 0, $"{run}");
    }

    [GeneratedRegex(@"^(?<bad>not )?ok \d+ (?<bad># SKIP )?(?<name>\w+)\r?$", RegexOptions.Multiline)]
    private static partial Regex Verdict();
}
