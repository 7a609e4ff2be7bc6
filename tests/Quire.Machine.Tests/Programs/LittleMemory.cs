namespace Quire.Machine.Tests.Programs;

/// <summary>Programs, and for each so little memory that it cannot keep all it wants.</summary>
internal static class LittleMemory
{
    // Memory, then the program.
    public static readonly string[] Programs =
    [
        "3M bin/fork_cow", "3M bin/shared_memory", "3M bin/threads", "3M bin/mmap_kinds", "3M bin/mremap_grow", "3M bin/many_mallocs 100000", "3M bin/word_a_page", "4M sort -n numbers.txt",
        "6M /usr/bin/python3 library.py", "4M sed s/100000/20000/ inserts.sql | sqlite3 :memory:", "10M gcc -w -S -o - life.c | md5sum; exit ${PIPESTATUS[0]}",
        "4M gzip -9 -c text.txt | gunzip -c | cmp - text.txt && gzip -c -n text.txt | sha256sum", "4M sort numbers.txt | uniq -c | sort -rn | head -20",
    ];

    public static bool All { get; } = Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is not null;

    /// <summary>What the program prints and how it ends is what it is on the host, and the audits find nothing wrong.</summary>
    public static void RunsAsOnTheHost(ProgramWorkspace workspace, string program, Func<string, string[]> options)
    {
        var space = program.IndexOf(' ', StringComparison.Ordinal);
        string[] command = ["bash", "-c", program[(space + 1)..]];
        var native = ProgramRun.Natively(workspace.Directory, command);
        var inside = ProgramRun.OnQuire(workspace.Directory, command, "", [All ? "--audit=10000" : "--audit", .. options(program[..space])]);
        Assert.True(native == inside, $"on the host: {native}\non Quire: {inside}");
    }
}
