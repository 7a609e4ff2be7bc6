namespace Quire.Cli.Classroom;

/// <summary>Asks questions and checks the answers: at a terminal until each is right or given up, from a file one line a question.</summary>
internal sealed class Quiz(TextReader input, TextWriter output, AnswersFrom source)
{
    /// <summary>How many were right, at the first try or a later one.</summary>
    public int Right { get; private set; }

    public int Asked { get; private set; }

    public void Ask(Question question)
    {
        Asked++;
        foreach (var line in TextWrap.Lines($"{Asked}. {question.Prompt}", TextWrap.TerminalWidth, "   "))
        {
            output.WriteLine(line);
        }

        while (true)
        {
            output.Write("> ");
            output.Flush();
            var given = input.ReadLine();
            if (source == AnswersFrom.File)
            {
                output.WriteLine(given);
            }

            if (string.IsNullOrWhiteSpace(given))
            {
                Tell($"the answer: {string.Join(' ', question.Answer)}");
                return;
            }

            if (AnswerCheck.Mistake(question, given) is not { } mistake)
            {
                Right++;
                var why = question.Answer.Count == 1 ? question.Why(0) : "";
                Tell(why.Length == 0 ? "right" : $"right: {why}");
                return;
            }

            Tell($"not yet: {mistake}");
            if (source == AnswersFrom.File)
            {
                return;
            }

            Tell("try again, or press Enter for the answer");
        }
    }

    /// <summary>The last line; gives the exit code: 0 when all were right, otherwise 1.</summary>
    public int Finish()
    {
        output.WriteLine($"{Right} of {Asked} right");
        return Right == Asked ? 0 : 1;
    }

    private void Tell(string text)
    {
        foreach (var line in TextWrap.Lines("  " + text, TextWrap.TerminalWidth, "  "))
        {
            output.WriteLine(line);
        }
    }
}

/// <summary>Who answers: a person who may try again, or lines that were written before.</summary>
internal enum AnswersFrom
{
    Terminal,
    File,
}
