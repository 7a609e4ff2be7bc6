using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Runs;

/// <summary>Two runs with the same seed are the same run: report, every memory event, every system call, output.</summary>
[SupportedOSPlatform("linux")]
public sealed class SameSeedTests : IDisposable
{
    private readonly string _directory = Directory.CreateDirectory(Path.Combine("/var/tmp", $"quire-seed-{Guid.NewGuid():N}")).FullName;

    public static TheoryData<string, string> Programs
    {
        get
        {
            var programs = new TheoryData<string, string>();
            var all = Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is not null;
            foreach (var cpus in all ? (string[])["1", "4"] : ["4"])
            {
                programs.Add(cpus, "/usr/bin/python3 threads.py");
                programs.Add(cpus, "for i in 1 2 3; do (seq 500 | sort -R | md5sum; echo $i $RANDOM) & done; wait; date; ls -la; stat numbers | grep -v Access; echo new > new; stat new");
                if (all)
                {
                    programs.Add(cpus, "sort --parallel=4 -S 200K -n numbers");
                    programs.Add(cpus, "gcc -O1 -pipe -o hello hello.c && ./hello");
                }
            }

            return programs;
        }
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Programs))]
    public void SecondRunIsTheFirst(string cpus, string script)
    {
        var work = Directory.CreateDirectory(Path.Combine(_directory, "work")).FullName;
        File.WriteAllLines(Path.Combine(work, "numbers"), Enumerable.Range(0, 5000).Select(i => $"{i * 7919 % 5003}"));
        File.WriteAllText(Path.Combine(work, "hello.c"), "#include <stdio.h>\nint main() { puts(\"hello\"); return 0; }\n");
        File.WriteAllText(Path.Combine(work, "threads.py"), """
            import queue, random, threading
            results = queue.Queue()
            def work(n):
                for i in range(30): results.put((n, i, random.random()))
            threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
            [t.start() for t in threads]
            [t.join() for t in threads]
            print(hash(tuple(results.queue)), id(threads), hash("text"))
            """);
        var first = Run("first", work, cpus, script);
        var second = Run("second", work, cpus, script);
        Assert.All(first.Zip(second), pair => Assert.Equal(pair.First, pair.Second));
    }

    private string[] Run(string name, string work, string cpus, string script)
    {
        var report = Path.Combine(_directory, name + ".json");
        var events = Path.Combine(_directory, name + ".events");
        var run = ProgramRun.Quire("run", "--quiet", "--seed", "7", "--cpus", cpus, "--cwd", work, "--json", report, "--events", events, "--strace", "--", "bash", "-c", script);
        Assert.True(run.ExitCode == 0, $"{run}");
        return [run.Output, run.Errors, Regex.Replace(File.ReadAllText(report), "\"wallSeconds\".*", ""), File.ReadAllText(events)];
    }
}
