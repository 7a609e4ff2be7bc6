using System.CommandLine;
using Quire.Cli.Replay;

namespace Quire.Cli.Classroom.Lessons;

/// <summary>quire lesson: the lessons of docs/lessons, with their commands run here and their questions checked.</summary>
public static class TeachCommand
{
    public static Command Create()
    {
        var name = new Argument<string?>("name") { Description = "lesson by name or number; without one: the list", Arity = ArgumentArity.ZeroOrOne };
        var answers = new Option<bool>("--answers") { Description = "print it whole, answers too" };
        var quiz = new Option<bool>("--quiz") { Description = "ask only the questions; from a file, one line an answer" };
        var check = new Option<bool>("--check") { Description = "run the commands (of all lessons when none is named) and compare with what the lesson shows" };
        var command = new Command("lesson", "One-hour lessons: text, commands with their real output, questions, answers checked.") { name, answers, quiz, check };
        command.Guard((parse, cancellation) => (parse.GetValue(name), parse.GetValue(check)) switch
        {
            (null, true) => CheckAll(cancellation),
            (null, false) => List(),
            ({ } one, true) => new LessonSession(LessonLibrary.Find(one), Console.Out).Check(),
            ({ } one, false) => Run(new LessonSession(LessonLibrary.Find(one), Console.Out), parse.GetValue(answers), parse.GetValue(quiz)),
        });
        return command;
    }

    private static int Run(LessonSession session, bool answers, bool quiz) => (answers, quiz) switch
    {
        (true, true) => throw new UsageException("--answers and --quiz exclude each other"),
        (false, true) => session.Ask(Console.IsInputRedirected ? AnswersFrom.File : AnswersFrom.Terminal),
        _ => answers || Console.IsInputRedirected || Console.IsOutputRedirected ? session.Print(answers ? Answers.Shown : Answers.Hidden) : session.Teach(),
    };

    private static int CheckAll(CancellationToken cancellation)
    {
        var code = 0;
        foreach (var lesson in LessonLibrary.All)
        {
            if (cancellation.IsCancellationRequested)
            {
                return CommandGuard.Interrupted;
            }

            code = Math.Max(code, new LessonSession(lesson, Console.Out).Check());
        }

        return code;
    }

    private static int List()
    {
        var table = new TextTable("", "lesson", "about");
        foreach (var (number, lesson) in LessonLibrary.All.Index())
        {
            table.Add(number + 1, lesson.Name, lesson.Title);
        }

        table.Write(Console.Out);
        Console.WriteLine();
        Console.WriteLine("quire lesson NAME runs one: at a terminal step by step, otherwise whole; --answers adds the answers.");
        return 0;
    }
}
