namespace Quire.Cli.Classroom.Exercises;

/// <summary>Exercises as text: one sheet after the other, parted by form feeds, which start a page on a printer; the key on a page of its own.</summary>
internal static class Sheet
{
    private const int Width = 100;

    public static void Write(TextWriter output, IReadOnlyList<(int Seed, Exercise Exercise)> sheets, Answers key)
    {
        foreach (var (number, (seed, exercise)) in sheets.Index())
        {
            if (number > 0)
            {
                output.WriteLine("\f");
            }

            if (sheets.Count > 1)
            {
                output.WriteLine($"Sheet {seed}    Name: ______________________");
                output.WriteLine();
            }

            WriteGiven(output, exercise);
            foreach (var (question, asked) in exercise.Questions.Index())
            {
                Wrap(output, $"{question + 1}. {asked.Prompt}", "   ");
                output.WriteLine($"   {string.Concat(Enumerable.Repeat("____ ", Math.Min(asked.Answer.Count, 18)))}");
                output.WriteLine();
            }
        }

        if (key == Answers.Shown)
        {
            output.WriteLine(sheets.Count > 1 ? "\f" : "");
            output.WriteLine("Answers");
            output.WriteLine();
            foreach (var (seed, exercise) in sheets)
            {
                foreach (var (question, asked) in exercise.Questions.Index())
                {
                    Wrap(output, $"{(sheets.Count > 1 ? $"sheet {seed}, " : "")}{question + 1}. {string.Join(' ', asked.Answer)}", "   ");
                }
            }
        }
    }

    public static void WriteGiven(TextWriter output, Exercise exercise)
    {
        output.WriteLine(exercise.Title);
        output.WriteLine();
        foreach (var line in exercise.Given)
        {
            output.WriteLine(line);
        }

        output.WriteLine();
    }

    private static void Wrap(TextWriter output, string text, string indent)
    {
        foreach (var line in TextWrap.Lines(text, Width, indent))
        {
            output.WriteLine(line);
        }
    }
}
