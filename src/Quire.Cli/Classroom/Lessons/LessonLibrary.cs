using System.Reflection;
using Quire.Cli.Replay;

namespace Quire.Cli.Classroom.Lessons;

/// <summary>The lessons and the programs that they use, carried in the assembly so that they are there in any directory.</summary>
internal static class LessonLibrary
{
    private const string LessonPrefix = "lessons/";
    private const string ExamplePrefix = "examples/";

    private static Assembly Here => typeof(LessonLibrary).Assembly;

    /// <summary>In the order of a course: that of the numbers that their files begin with.</summary>
    public static IReadOnlyList<Lesson> All { get; } = [.. Resources(LessonPrefix).Select(name => Lesson.Parse(NameOf(name), Read(name)))];

    public static Lesson Find(string name) => All.FirstOrDefault(lesson => lesson.Name == name)
        ?? (int.TryParse(name, out var number) && number >= 1 && number <= All.Count ? All[number - 1] : null)
        ?? throw new UsageException($"there is no lesson '{name}': {string.Join(", ", All.Select(lesson => lesson.Name))}");

    /// <summary>Puts the programs into a directory.</summary>
    public static void CopyExamples(string directory)
    {
        Directory.CreateDirectory(directory);
        foreach (var name in Resources(ExamplePrefix))
        {
            File.WriteAllText(Path.Combine(directory, name[ExamplePrefix.Length..]), Read(name));
        }
    }

    private static IEnumerable<string> Resources(string prefix) =>
        Here.GetManifestResourceNames().Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    // lessons/08-belady.md
    private static string NameOf(string resource) => Path.GetFileNameWithoutExtension(resource)[(Path.GetFileNameWithoutExtension(resource).IndexOf('-') + 1)..];

    private static string Read(string name)
    {
        using var reader = new StreamReader(Here.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
