namespace Quire.Machine.Tests.Programs;

/// <summary>The machine's own Debian programs and C programs of ours: output, errors and exit code are those of the host's run.</summary>
public class ProgramTests(ProgramWorkspace workspace) : IClassFixture<ProgramWorkspace>
{
    private static readonly bool All = Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is not null;

    /// <summary>Each runs as one program with its arguments.</summary>
    public static TheoryData<string> Commands => [.. EverydayCommands, .. All ? LongCommands : []];

    /// <summary>Each runs as a script of bash.</summary>
    public static TheoryData<string> Scripts => [.. EverydayScripts, .. All ? LongScripts : []];

    private static string[] EverydayCommands =>
    [
        "/bin/true",
        "ls -lR /etc/alternatives /etc/apt",
        "cat text.txt",
        "wc text.txt numbers.txt",
        "sort -n numbers.txt",
        "sort --parallel=4 -S 1M -k2 text.txt",
        "cut -d: -f2 text.txt",
        "tr a-z A-Z",
        "tail -c +1000 noise.bin",
        "find . -name *.txt -newer /etc/passwd",
        "grep -r memory tree",
        "grep -E (page|frame).*walk text.txt",
        "sed -e s/memory/MEMORY/g -e 5,10d text.txt",
        "awk {n[$1]++}END{print(n[\"page\"])} text.txt",
        "diff -u tree/a.txt tree/deep/b.txt",
        "sha256sum noise.bin text.txt",
        "base64 noise.bin",
        "bin/segv_repair",
        "bin/stack_growth",
        "bin/many_mallocs_static",
        "bin/inotify",
        "bin/pidfd",
    ];

    private static string[] LongCommands =>
    [
        // With less RAM than they want, these run every day: LittleRamTests.
        "bin/mmap_kinds",
        "bin/fork_cow",
        "bin/threads",
        "bin/mremap_grow",
        "bin/shared_memory",

        "ls -la --time-style=full-iso /usr/bin",
        "find /usr/share/doc -maxdepth 1",
        "bin/mmap_kinds_static",
        "bin/fork_cow_static",
        "bin/threads_static",
        "bin/segv_repair_static",
        "bin/mremap_grow_static",
        "bin/shared_memory_static",
        "bin/stack_growth_static",
        "bin/many_mallocs",
        "sort numbers.txt",
        "head -n 5 text.txt",
        "md5sum noise.bin",
        "/bin/false",
        "ls /nonexistent",
        "expr 6 * 7",
        "od -A x -t x1z noise.bin",
        "seq 0 0.1 10",
        "grep -c page text.txt",
        "tail -n 7 numbers.txt",
        "uname -s -m",
        "busybox ls -l /etc/alternatives /etc/apt",
        "busybox md5sum noise.bin",
    ];

    private static string[] EverydayScripts =>
    [
        "echo hello world; factor 1234567890123456789 97 65536 18446744073709551557; seq -f %010.3f 1 1.7 40; date -u -d @0; stat -c %a_%s_%F_%h text.txt tree; cat missing-file; echo $?",
        "head -n 5 text.txt; tail -n 7 numbers.txt; md5sum noise.bin; head -c 5000 noise.bin | od -A x -t x1z; uname -s -m; expr 6 '*' 7; seq 0 0.1 3; ls -la --time-style=full-iso tree",
        "head -c 20000 noise.bin | bzip2 -c | tee small.bz2 | md5sum; bunzip2 -c small.bz2 | md5sum; rm small.bz2",
        "head -n 4000 text.txt | xz -0 -T2 -c | tee small.xz | sha256sum; xz -d -c small.xz | md5sum; rm small.xz",
        "sed s/100000/2000/ inserts.sql | sqlite3 :memory:",
        "x=$(seq 100 | paste -sd+ | bc); echo $x; [[ abc =~ ^a(.)c$ ]] && echo ${BASH_REMATCH[1]}; printf '%05.2f %x\\n' 3.14159 255",
        "set -o pipefail; seq 1000000 | head -1; echo ${PIPESTATUS[@]}",
        "awk 'BEGIN{for(i=0;i<10;i++)printf \"%.17g %s\\n\", exp(i)*sin(i), substr(\"abcdefghij\",i+1,2)}'",
        "perl -e 'my %h; while(<>){for(split){$h{$_}++}} print \"$_ $h{$_}\\n\" for sort keys %h' text.txt | head -30",
        "cp text.txt copy.txt && cmp text.txt copy.txt && mv copy.txt moved.txt && cat moved.txt | tail -3; rm moved.txt; ls *.txt",
        "tee one two < tree/a.txt | tr a b; cat one two; rm one two",
        "find tree -type f | sort | xargs wc -l; find tree -type f -print0 | xargs -0 -n1 basename | sort",
        "tar cf - tree | tar tvf - --utc | awk '{print $1, $3, $6}'; tar czf t.tgz tree && mkdir out && tar xzf t.tgz -C out && diff -r tree out/tree && echo same; rm -r out t.tgz",
        "base64 noise.bin | base64 -d | cmp - noise.bin && echo same",
        "echo 'scale=50; 4*a(1); 2^200; sqrt(2)' | bc -l",
        "for i in 1 2 3; do (cd tree; ls | wc -l) & done; wait; echo done",
        "trap 'echo trapped' USR1 EXIT; kill -USR1 $$; (exit 3); echo $?",
        "cat <<END\nhere $((6*7)) `echo document`\nEND",
        "exec 3<text.txt; read -u 3 a; read -u 3 b; echo \"$a|$b\"; exec 3<&-",
        "mkfifo pipe; (echo through the pipe > pipe &) ; cat pipe; rm pipe",
        "exec 2>/dev/null; bin/stack_growth overflow; echo $?",
        "(for i in 1 2 3; do echo line $i >> log; sleep 0.1; done) & tail -n +1 -s 0.1 -F --pid=$! log 2>/dev/null; rm log",
        "busybox sh -c 'for i in 1 2 3; do echo $i | busybox sed s/^/n/; done; busybox awk \"BEGIN{print 2^10}\"'",
        "make -s -f project.mk all && ./hello-from-make && make -s -f project.mk clean",
        "openssl dgst -sha512 noise.bin; openssl enc -aes-128-cbc -K 00112233445566778899aabbccddeeff -iv 00000000000000000000000000000000 -in text.txt | md5sum",
        "/usr/bin/python3 -c 'print(sum(i*i for i in range(1000)), 2**200, 0.1+0.2)'",
        "/usr/bin/python3 processes.py",
        "/usr/bin/python3 library.py",
    ];

    private static string[] LongScripts =>
    [
        "gcc -O2 -Wall -o life life.c && ./life 50; rm life",
        "sort numbers.txt | uniq -c | sort -rn | head -20",
        "gzip -9 -c text.txt | gunzip -c | cmp - text.txt && gzip -c -n text.txt | sha256sum",
        "bzip2 -c text.txt | bunzip2 -c | md5sum; bzip2 -c noise.bin | md5sum",
        "xz -T2 -c text.txt | sha256sum; xz -c noise.bin | xz -d -c | cmp - noise.bin && echo same",
        "perl -MList::Util=sum -e 'print sum(map { $_*$_ } 1..1000), \"\\n\"; printf \"%.15g\\n\", 0.1+0.2'",
        "sqlite3 :memory: < inserts.sql",
    ];

    [Theory]
    [MemberData(nameof(Commands))]
    public void CommandRunsAsOnTheHost(string command) => AssertSame(command.Split(' '), "some input\nfor those who read it\n");

    [Theory]
    [MemberData(nameof(Scripts))]
    public void ScriptRunsAsOnTheHost(string script) => AssertSame(["bash", "-c", script], "");

    private void AssertSame(string[] command, string input)
    {
        var native = ProgramRun.Natively(workspace.Directory, command, input);
        var inside = ProgramRun.OnQuire(workspace.Directory, command, input);
        Assert.True(native == inside, $"on the host: {native}\non Quire: {inside}");
    }
}
