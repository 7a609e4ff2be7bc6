namespace Quire.Machine.Tests.Programs;

/// <summary>C programs of tests/native for a class of tests, in a directory that it may fill.</summary>
public sealed class NativePrograms : IDisposable
{
    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("quire-native-").FullName;

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);

    /// <summary>The path of the compiled program.</summary>
    public string Compile(string source, params string[] options)
    {
        // env, which starts programs on the host, takes a name with an equals sign for a variable.
        var target = Path.Combine(Directory, Path.GetFileNameWithoutExtension(source) + string.Concat(options).Replace('=', '-'));
        if (!File.Exists(target))
        {
            File.Copy(CompiledPrograms.Of(Path.Combine(ProgramRun.Root, "tests", "native", source), ["-O1", "-w", .. options]), target);
        }

        return target;
    }
}
