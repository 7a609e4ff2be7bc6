using System.Globalization;

namespace Quire.Machine.Tests.Programs;

/// <summary>C programs that ask a kernel about one thing and print the answers: the host's kernel is the truth, or, where it has not got the thing, what one that has prints.</summary>
public sealed class ComparedProgramTests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    [Theory]
    [InlineData("async_signals.c")]
    [InlineData("packet_mode.c")]
    [InlineData("shared_pages.c")]
    public void AnswersAreTheHosts(string source)
    {
        var program = programs.Compile(source);

        Assert.Equal(ProgramRun.Natively(programs.Directory, [program]).Output, ProgramRun.OnQuire(programs.Directory, [program]).Output);
    }

    [Fact]
    public void FileWithoutNameGetsOneInDirectoriesOfTheHostAndInTheLayer()
    {
        var program = programs.Compile("nameless_files.c");
        var bound = Directory.CreateDirectory(Path.Combine(programs.Directory, "bound")).FullName;
        var expected = Expected("nameless_files");
        var native = ProgramRun.Natively(bound, [program]).Output;

        Assert.Contains(native, new[] { expected, "refused 95\n" });
        Assert.Equal(expected, ProgramRun.OnQuire("/", [program]).Output);
        Assert.Equal(native, ProgramRun.OnQuire(bound, [program], "", "--bind", bound).Output);
        Assert.Empty(Directory.GetFileSystemEntries(bound));
    }

    [Fact]
    public void MemoryFilesKeepTheirSizeAndReserveWhatIsAllocated()
    {
        var program = programs.Compile("memory_files.c");

        Assert.Equal(Expected("memory_files"), ProgramRun.OnQuire("/", [program, "/dev/shm"], "", "--ram", "8M").Output);
    }

    [Theory]
    [InlineData("--ram", "32M", "--swap", "64M")]
    [InlineData("--ram", "32M", "--swap", "64M", "--thp", "always", "--policy", "arc")]
    public void PagesKnowWhetherTheyWereWrittenSinceTheyWereAsked(params string[] machine)
    {
        var program = programs.Compile("soft_dirty.c");

        Assert.Equal(Expected("soft_dirty"), ProgramRun.OnQuire("/", [program], "", machine).Output);
    }

    [Fact]
    public void ProcessIsToldWhatItMadeTheDeviceReadAndWhatItMadeDirty()
    {
        const string script = """
            dd if=/dev/zero of=/written bs=64k count=10 2>/dev/null
            cat /usr/bin/perl >/dev/null
            cat /proc/$$/io
            """;
        var counts = ProgramRun.OnQuire("/", ["sh", "-c", script]).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(": ")).ToDictionary(parts => parts[0], parts => long.Parse(parts[1], CultureInfo.InvariantCulture));

        Assert.Equal(655_360, counts["write_bytes"]);
        Assert.InRange(counts["read_bytes"], new FileInfo("/usr/bin/perl").Length, long.MaxValue);
    }

    [Fact]
    public void PagesOfTheOnlyNodeAreThoseThatAreResident()
    {
        const string script = """
            cat /proc/$$/smaps /proc/$$/numa_maps >/both
            awk '/^Rss/ { rss += $2 } / N0=/ { sub(/.* N0=/, ""); pages += $1 } END { print rss / 4; print pages }' /both
            cut -d' ' -f1 </sys/block/vda/dev; readlink /sys/block/vda
            """;
        var lines = ProgramRun.OnQuire("/", ["sh", "-c", script]).Output.Split('\n');

        Assert.InRange(int.Parse(lines[0], CultureInfo.InvariantCulture), 10, 10_000);
        Assert.Equal(lines[0], lines[1]);
        Assert.Equal(["254:0", "../devices/virtual/block/vda"], lines[2..4]);
    }

    private static string Expected(string name) => File.ReadAllText(Path.Combine(ProgramRun.Root, "tests", "native", name + ".expected"));
}
