using Quire.Cli.Replay;

namespace Quire.Cli.Classroom.Lessons;

/// <summary>Goes through a lesson from top to bottom.</summary>
internal sealed class LessonSession(Lesson lesson, TextWriter output)
{
    /// <summary>At a terminal: a key runs each command, then the questions are asked.</summary>
    public int Teach()
    {
        WriteTitle();
        using (var place = new LessonPlace())
        {
            foreach (var part in lesson.Body)
            {
                if (part is LessonCommand command)
                {
                    output.Write($"$ {command.Command}    [Enter runs it] ");
                    output.Flush();
                    Console.In.ReadLine();
                    Run(place, command);
                }
                else
                {
                    Write(part);
                }
            }
        }

        WriteHeading("Questions");
        var code = Ask(AnswersFrom.Terminal);
        WriteNext();
        return code;
    }

    /// <summary>All of it, with the commands run, for a file or a printer.</summary>
    public int Print(Answers answers)
    {
        WriteTitle();
        var code = 0;
        using (var place = new LessonPlace())
        {
            foreach (var part in lesson.Body)
            {
                if (part is LessonCommand command)
                {
                    output.WriteLine($"$ {command.Command}");
                    code = Math.Max(code, Run(place, command));
                }
                else
                {
                    Write(part);
                }
            }
        }

        WriteHeading("Questions");
        WriteList(lesson.Questions.Select(question => question.Prompt));
        if (answers == Answers.Shown)
        {
            WriteHeading("Answers");
            WriteList(lesson.Questions.Select(question => $"{string.Join(' ', question.Answer)}  {question.Why(0)}"));
        }

        WriteNext();
        return code;
    }

    /// <summary>The questions alone.</summary>
    public int Ask(AnswersFrom source)
    {
        var quiz = new Quiz(Console.In, output, source);
        foreach (var question in lesson.Questions)
        {
            quiz.Ask(question);
        }

        return quiz.Finish();
    }

    /// <summary>Runs the commands and compares what they write with what the lesson shows.</summary>
    public int Check()
    {
        using var place = new LessonPlace();
        foreach (var command in lesson.Commands)
        {
            var written = place.Run(command.Command);
            var missing = LessonComparison.Missing(command.Shown, written);
            if (missing is not null || written.ExitCode != 0)
            {
                output.WriteLine(missing is null ? $"{lesson.Name}: exit code {written.ExitCode}: {command.Command}" : $"{lesson.Name} shows a line that is not written any more: {missing}");
                output.WriteLine($"$ {command.Command}");
                WriteLines(written);
                return 1;
            }
        }

        output.WriteLine($"{lesson.Name}: {lesson.Commands.Count()} commands write what is shown");
        return 0;
    }

    private int Run(LessonPlace place, LessonCommand command)
    {
        var written = place.Run(command.Command);
        WriteLines(written);
        if (written.ExitCode != 0)
        {
            output.WriteLine($"(exit code {written.ExitCode})");
        }

        output.WriteLine();
        return written.ExitCode == 0 ? 0 : 1;
    }

    private void WriteLines(CommandOutput written)
    {
        foreach (var line in written.Output.Concat(written.Errors))
        {
            output.WriteLine(line);
        }
    }

    private void WriteTitle()
    {
        output.WriteLine(lesson.Title);
        output.WriteLine(new string('=', lesson.Title.Length));
        output.WriteLine();
        WriteText("Goal: " + lesson.Goal, "");
    }

    private void Write(LessonPart part)
    {
        switch (part)
        {
            case LessonHeading heading:
                WriteHeading(heading.Text);
                break;
            case LessonFigure figure:
                foreach (var line in figure.Lines)
                {
                    output.WriteLine("    " + line);
                }

                output.WriteLine();
                break;
            case LessonText text:
                WriteText(text.Text, text.Text.StartsWith("- ", StringComparison.Ordinal) ? "  " : "");
                break;
        }
    }

    private void WriteNext()
    {
        WriteHeading("Change next");
        foreach (var point in lesson.Next)
        {
            WriteText(point, "  ");
        }
    }

    private void WriteHeading(string text)
    {
        output.WriteLine(text);
        output.WriteLine(new string('-', text.Length));
        output.WriteLine();
    }

    private void WriteList(IEnumerable<string> points)
    {
        var number = 0;
        foreach (var point in points)
        {
            WriteText($"{++number}. {point}", "   ");
        }
    }

    private void WriteText(string text, string indent)
    {
        foreach (var line in TextWrap.Lines(text.Replace("**", "", StringComparison.Ordinal).Replace("`", "", StringComparison.Ordinal), TextWrap.TerminalWidth, indent))
        {
            output.WriteLine(line);
        }

        output.WriteLine();
    }
}
