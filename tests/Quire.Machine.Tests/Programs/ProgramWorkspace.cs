using System.Globalization;
using System.Text;

namespace Quire.Machine.Tests.Programs;

/// <summary>A directory of deterministic input files and freshly compiled C programs, made once for all program tests.</summary>
public sealed class ProgramWorkspace : IDisposable
{
    private static readonly string[] Words =
        ["memory", "page", "frame", "table", "walk", "fault", "swap", "cache", "kernel", "process", "thread", "signal", "pipe", "inode", "mount", "shadow"];

    public ProgramWorkspace()
    {
        Directory = System.IO.Directory.CreateTempSubdirectory("quire-programs-").FullName;
        var random = new Random(20_090_211);
        var numbers = new StringBuilder();
        var text = new StringBuilder();
        for (var line = 0; line < 20_000; line++)
        {
            numbers.Append(CultureInfo.InvariantCulture, $"{random.Next(1_000_000)}\n");
            text.Append(CultureInfo.InvariantCulture, $"{Words[random.Next(Words.Length)]} {Words[random.Next(Words.Length)]}:{random.Next(100)}\t{Words[random.Next(Words.Length)]}\n");
        }

        Write("numbers.txt", numbers.ToString());
        Write("text.txt", text.ToString());
        var noise = new byte[300_000];
        random.NextBytes(noise);
        File.WriteAllBytes(Path.Combine(Directory, "noise.bin"), noise);
        System.IO.Directory.CreateDirectory(Path.Combine(Directory, "tree/deep/er"));
        Write("tree/a.txt", "alpha\nbeta\nmemory\n");
        Write("tree/deep/b.txt", "gamma\nmemory leak\n");
        Write("tree/deep/er/c.txt", "delta\n");
        System.IO.Directory.CreateDirectory(Path.Combine(Directory, "bin"));
        var sources = Path.Combine(ProgramRun.Root, "tests", "programs");
        foreach (var source in System.IO.Directory.GetFiles(sources, "*.c").Where(source => !source.EndsWith("life.c", StringComparison.Ordinal)))
        {
            Compile(source, Path.Combine(Directory, "bin", Path.GetFileNameWithoutExtension(source)));
            if (Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is not null || source.EndsWith("many_mallocs.c", StringComparison.Ordinal))
            {
                Compile(source, Path.Combine(Directory, "bin", Path.GetFileNameWithoutExtension(source) + "_static"), "-static");
            }
        }

        foreach (var file in System.IO.Directory.GetFiles(sources).Where(file => !file.EndsWith(".c", StringComparison.Ordinal) || file.EndsWith("life.c", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(Directory, Path.GetFileName(file)));
        }
    }

    public string Directory { get; }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);

    private static void Compile(string source, string target, params string[] options) =>
        File.Copy(CompiledPrograms.Of(source, ["-O2", "-pthread", .. options]), target);

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(Directory, name), text);
}
