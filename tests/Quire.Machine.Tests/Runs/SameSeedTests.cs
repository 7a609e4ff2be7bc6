using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Quire.Machine.Tests.Programs;

namespace Quire.Machine.Tests.Runs;

/// <summary>Two runs with the same seed are the same run, whatever happened to the host between them: report, every memory event, every system call, output.</summary>
[SupportedOSPlatform("linux")]
public sealed class SameSeedTests : IDisposable
{
    private readonly string _directory = Directory.CreateDirectory(Path.Combine("/var/tmp", $"quire-seed-{Guid.NewGuid():N}")).FullName;

    private readonly List<string> _left = [];

    public static TheoryData<string, string> Programs
    {
        get
        {
            var programs = new TheoryData<string, string>();
            var all = Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is not null;
            foreach (var cpus in all ? (string[])["1", "4"] : ["4"])
            {
                programs.Add(cpus, "/usr/bin/python3 threads.py");
                programs.Add(cpus, "for i in 1 2 3; do (seq 500 | sort -R | md5sum; echo $i $RANDOM) & done; wait; date; echo new > new; stat new");
                programs.Add(cpus, "ls -laiU . / /tmp /var/tmp; stat . * /usr/bin; df . /tmp /dev/shm; stat -f . /tmp; ls -l /proc/self/fd; stat -L /proc/self/fd/*; cat /proc/uptime /proc/loadavg; hostname");
                if (all)
                {
                    programs.Add(cpus, "sort --parallel=4 -S 200K -n numbers");
                    programs.Add(cpus, "gcc -O1 -pipe -o hello hello.c && ./hello");
                }
            }

            return programs;
        }
    }

    public void Dispose()
    {
        Directory.Delete(_directory, recursive: true);
        _left.ForEach(directory => Directory.Delete(directory));
    }

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
        foreach (var file in Directory.GetFiles(work))
        {
            // Whole seconds, which every way to set a time keeps.
            File.SetLastWriteTimeUtc(file, new DateTime(2024, 2, 29, 12, 0, 0, DateTimeKind.Utc));
        }

        var first = Run("first", work, cpus, script);
        Disturb(work);
        var second = Run("second", work, cpus, script);
        Assert.All(first.Zip(second), pair => Assert.Equal(pair.First, pair.Second));
    }

    // Everything but names and contents: other inodes in another order, access and change times, links, free space, what lies about for a while.
    private void Disturb(string work)
    {
        var copy = Directory.CreateDirectory(work + ".copy").FullName;
        foreach (var file in Directory.GetFiles(work).OrderDescending(StringComparer.Ordinal))
        {
            var moved = Path.Combine(copy, Path.GetFileName(file));
            File.Copy(file, moved);
            File.SetLastWriteTimeUtc(moved, File.GetLastWriteTimeUtc(file));
            File.SetLastAccessTimeUtc(moved, new DateTime(2031, 1, 1, 0, 0, 0, DateTimeKind.Utc));
            Assert.Equal(0, ProgramRun.Natively("/", ["ln", moved, Path.Combine(_directory, "link-" + Path.GetFileName(file))]).ExitCode);
        }

        Directory.Delete(work, recursive: true);
        Directory.Move(copy, work);
        File.WriteAllBytes(Path.Combine(_directory, "fill"), new byte[20 << 20]);
        foreach (var directory in (string[])["/tmp", "/var/tmp"])
        {
            _left.Add(Directory.CreateDirectory($"{directory}/quire-left-{Guid.NewGuid():N}").FullName);
        }

        foreach (var name in Directory.GetFiles("/usr/bin", "py*").Concat(Directory.GetFiles("/usr/bin", "ba*")))
        {
            // Whoever does not own the host's programs can read them all the same, which has the same effect.
            if (ProgramRun.Natively("/", ["touch", "-a", name]).ExitCode != 0)
            {
                File.ReadAllBytes(name);
            }
        }
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
