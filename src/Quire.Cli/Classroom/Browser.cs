using Quire.Cli.Replay;

namespace Quire.Cli.Classroom;

/// <summary>Steps at a terminal, back and forth with the arrow keys.</summary>
internal static class Browser
{
    private const string ClearScreen = "\e[H\e[2J";

    /// <summary>Shows the steps one by one, each with all lines of its own, until q, Escape or Enter on the last one.</summary>
    /// <param name="heading">Stays above all of them.</param>
    /// <param name="steps">At least one.</param>
    public static void Show(IReadOnlyList<string> heading, IReadOnlyList<IReadOnlyList<string>> steps)
    {
        if (Console.IsInputRedirected || Console.IsOutputRedirected)
        {
            throw new UsageException("--browse needs a terminal; --steps alone prints them all");
        }

        var at = 0;
        while (true)
        {
            Draw(heading, steps[at], $"step {at + 1} of {steps.Count}   left, right: back and forth   Home, End   q: end");
            switch (Console.ReadKey(intercept: true).Key)
            {
                case ConsoleKey.RightArrow or ConsoleKey.DownArrow or ConsoleKey.Spacebar:
                    at = Math.Min(at + 1, steps.Count - 1);
                    break;
                case ConsoleKey.Enter when at < steps.Count - 1:
                    at++;
                    break;
                case ConsoleKey.LeftArrow or ConsoleKey.UpArrow or ConsoleKey.Backspace:
                    at = Math.Max(at - 1, 0);
                    break;
                case ConsoleKey.Home:
                    at = 0;
                    break;
                case ConsoleKey.End:
                    at = steps.Count - 1;
                    break;
                case ConsoleKey.Q or ConsoleKey.Escape or ConsoleKey.Enter:
                    return;
            }
        }
    }

    // The last lines of a step count: those that do not fit above go.
    private static void Draw(IReadOnlyList<string> heading, IReadOnlyList<string> step, string help)
    {
        var (width, height) = (Math.Max(20, Console.WindowWidth - 1), Math.Max(4, Console.WindowHeight - 2));
        var room = Math.Max(1, height - heading.Count - 1);
        Console.Write(ClearScreen);
        foreach (var line in heading.Concat(step.Skip(Math.Max(0, step.Count - room))))
        {
            Console.WriteLine(line.Length <= width ? line : line[..width]);
        }

        Console.WriteLine();
        Console.Write(help.Length <= width ? help : help[..width]);
    }
}
