using System.CommandLine;
using Quire.Cli.Classroom.Lessons;
using Quire.Cli.Replay;

namespace Quire.Cli.Classroom;

/// <summary>quire examples: commands that work as they stand, from the lessons, and the programs that they run.</summary>
public static class ExamplesCommand
{
    private const string Folder = "examples";

    public static Command Create()
    {
        var copy = new Option<string?>("--copy") { Description = "puts the programs that the commands compile into DIR/examples" };
        var command = new Command("examples", "Commands that work as they stand, with their inputs.") { copy };
        command.Guard((parse, _) =>
        {
            if (parse.GetValue(copy) is { } directory)
            {
                LessonLibrary.CopyExamples(Path.Combine(directory, Folder));
                Console.WriteLine($"{Path.Combine(directory, Folder)}: {Directory.GetFiles(Path.Combine(directory, Folder)).Length} files");
                return 0;
            }

            foreach (var lesson in LessonLibrary.All)
            {
                Console.WriteLine($"{lesson.Title} (quire lesson {lesson.Name})");
                foreach (var shown in lesson.Commands)
                {
                    // Whole, however long: they are there to be copied.
                    Console.WriteLine("    " + shown.Command);
                }

                Console.WriteLine();
            }

            Console.WriteLine("quire examples --copy . brings the programs here first.");
            return 0;
        });
        return command;
    }
}
