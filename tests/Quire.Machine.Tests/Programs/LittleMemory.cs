using System.Collections.Concurrent;

namespace Quire.Machine.Tests.Programs;

/// <summary>Programs, and for each so little memory that it cannot keep all it wants.</summary>
internal static class LittleMemory
{
    /// <summary>Memory, then the program. These are small, for the everyday tests.</summary>
    public static readonly string[] Everyday =
    [
        "3M bin/fork_cow", "2M bin/shared_memory", "2M bin/threads", "2M bin/mmap_kinds", "3M head -n 6000 numbers.txt | sort -n",
        "5M /usr/bin/python3 -c 'd = {i * 7919 % 10007: str(i) * 3 for i in range(6000)}; print(sum(map(len, d.values())), sorted(d)[:9])'",
        "3M sed s/100000/3000/ inserts.sql | sqlite3 :memory:", "8M echo 'int f(int n) { return n < 2 ? n : f(n - 1) + f(n - 2); }' | gcc -S -O1 -x c -o - - | md5sum; exit ${PIPESTATUS[1]}",
        "2M head -n 8000 text.txt | gzip -9 -n | tee >(gunzip | md5sum >&2) | sha256sum", "2M head -n 3000 numbers.txt | sort | uniq -c | sort -rn | head -20",
    ];

    /// <summary>Those of the long tests.</summary>
    public static readonly string[] Programs =
    [
        "3M bin/fork_cow", "3M bin/shared_memory", "3M bin/threads", "3M bin/mmap_kinds", "3M bin/mremap_grow", "3M bin/many_mallocs 100000", "3M bin/word_a_page", "4M sort -n numbers.txt",
        "6M /usr/bin/python3 library.py", "4M sed s/100000/20000/ inserts.sql | sqlite3 :memory:", "10M gcc -w -S -o - life.c | md5sum; exit ${PIPESTATUS[0]}",
        "4M gzip -9 -c text.txt | gunzip -c | cmp - text.txt && gzip -c -n text.txt | sha256sum", "4M sort numbers.txt | uniq -c | sort -rn | head -20",
    ];

    private static readonly ConcurrentDictionary<string, Lazy<ProgramRun>> OnTheHost = new(StringComparer.Ordinal);

    public static bool All { get; } = Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is not null;

    /// <summary>What the program prints and how it ends is what it is on the host, and the audits find nothing wrong.</summary>
    public static void RunsAsOnTheHost(ProgramWorkspace workspace, string program, Func<string, string[]> options)
    {
        var space = program.IndexOf(' ', StringComparison.Ordinal);
        string[] command = ["bash", "-c", program[(space + 1)..]];
        var native = OnTheHost.GetOrAdd(program, _ => new Lazy<ProgramRun>(() => ProgramRun.Natively(workspace.Directory, command))).Value;
        var inside = ProgramRun.OnQuire(workspace.Directory, command, "", [All ? "--audit=10000" : "--audit", .. options(program[..space])]);
        Assert.True(native == inside, $"on the host: {native}\non Quire: {inside}");
    }
}
