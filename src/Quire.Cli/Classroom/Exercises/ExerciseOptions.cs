using System.CommandLine;
using Quire.Cli.Replay;

namespace Quire.Cli.Classroom.Exercises;

/// <summary>The options with which a command of the classroom asks instead of telling: the same for all of them.</summary>
internal sealed class ExerciseOptions
{
    private const int MostSheets = 1000;

    private readonly Option<int> _seed = new("--seed") { Description = "start of the random numbers of an exercise", DefaultValueFactory = _ => 1 };
    private readonly Option<bool> _quiz = new("--quiz") { Description = "ask, and check the answers: at the terminal, or one line an answer from a file" };
    private readonly Option<bool> _hide = new("--hide") { Description = "print the exercise without its answers" };
    private readonly Option<bool> _answers = new("--answers") { Description = "print the exercise with its answers" };
    private readonly Option<int> _class = new("--class") { Description = "so many sheets with seeds of their own, one answer key behind them; --hide leaves the key out" };
    private readonly Option<string?> _page = new("--sheet") { Description = "the sheets as a page to print (HTML), to FILE" };

    /// <summary>The seed is the command's own where that has one already.</summary>
    public void AddTo(Command command, Option<int>? seed = null)
    {
        if (seed is null)
        {
            command.Add(_seed);
        }

        foreach (var option in (Option[])[_quiz, _hide, _answers, _class, _page])
        {
            command.Add(option);
        }
    }

    public int Seed(ParseResult parse) => parse.GetValue(_seed);

    /// <summary>Whether anything is asked for that is an exercise and no ordinary view.</summary>
    public bool AreWanted(ParseResult parse) =>
        parse.GetValue(_quiz) || parse.GetValue(_hide) || parse.GetValue(_answers) || parse.GetResult(_class) is not null || parse.GetValue(_page) is not null;

    /// <summary>Asks, or prints sheets.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="seed">Of the first sheet; each further one has the next.</param>
    /// <param name="make">The exercise of a seed.</param>
    public int Run(ParseResult parse, int seed, Func<int, Exercise> make)
    {
        var (quiz, hide, sheets) = (parse.GetValue(_quiz), parse.GetValue(_hide), parse.GetValue(_class));
        if (parse.GetResult(_class) is not null && sheets is < 1 or > MostSheets)
        {
            throw new UsageException($"--class {sheets} is not from 1 to {MostSheets}");
        }

        if (quiz && (hide || parse.GetValue(_answers) || sheets > 0 || parse.GetValue(_page) is not null))
        {
            throw new UsageException("--quiz asks one person; --hide, --answers, --class and --sheet print");
        }

        if (hide && parse.GetValue(_answers))
        {
            throw new UsageException("--hide and --answers exclude each other");
        }

        if (quiz)
        {
            return Ask(make(seed));
        }

        // One sheet has answers when they are asked for, a class has its key behind the sheets unless it is left out.
        var exercises = Enumerable.Range(seed, Math.Max(1, sheets)).Select(each => (Seed: each, Exercise: make(each))).ToList();
        var key = parse.GetValue(_answers) || (sheets > 0 && !hide) ? Answers.Shown : Answers.Hidden;
        if (parse.GetValue(_page) is { } path)
        {
            File.WriteAllText(path, SheetPage.Write(exercises, key));
        }
        else
        {
            Sheet.Write(Console.Out, exercises, key);
        }

        return 0;
    }

    private static int Ask(Exercise exercise)
    {
        Sheet.WriteGiven(Console.Out, exercise);
        var quiz = new Quiz(Console.In, Console.Out, Console.IsInputRedirected ? AnswersFrom.File : AnswersFrom.Terminal);
        foreach (var question in exercise.Questions)
        {
            quiz.Ask(question);
        }

        return quiz.Finish();
    }
}
