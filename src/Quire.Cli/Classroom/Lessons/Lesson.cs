using System.Text.RegularExpressions;

namespace Quire.Cli.Classroom.Lessons;

/// <summary>
/// One hour's lesson, a Markdown file of docs/lessons: a title, its goal, text with console blocks, then the sections Questions, Answers and Change next.
/// Question N has answer N, whose right values stand first, in bold.
/// </summary>
internal sealed partial record Lesson(string Name, string Title, string Goal, IReadOnlyList<LessonPart> Body, IReadOnlyList<Question> Questions, IReadOnlyList<string> Next)
{
    public IEnumerable<LessonCommand> Commands => Body.OfType<LessonCommand>();

    /// <exception cref="FormatException">It is no lesson; the message says where.</exception>
    public static Lesson Parse(string name, string text)
    {
        var sections = new Dictionary<string, List<LessonPart>> { [""] = [] };
        var current = sections[""];
        string? title = null;
        foreach (var part in Parts(text))
        {
            if (part is LessonHeading { Level: 1 } first)
            {
                title = first.Text;
            }
            else if (part is LessonHeading { Text: "Questions" or "Answers" or "Change next" } heading)
            {
                current = sections[heading.Text] = [];
            }
            else
            {
                current.Add(part);
            }
        }

        var body = sections[""];
        if (title is null || body.FirstOrDefault() is not LessonText goal || !goal.Text.StartsWith("Goal: ", StringComparison.Ordinal))
        {
            throw new FormatException($"lesson {name}: a title and a paragraph that begins with 'Goal: ' come first");
        }

        return new Lesson(name, title, goal.Text["Goal: ".Length..], [.. body.Skip(1)], ReadQuestions(name, Texts("Questions"), Texts("Answers")), Texts("Change next"));

        List<string> Texts(string section) => sections.TryGetValue(section, out var parts) && parts.Count > 0
            ? [.. parts.OfType<LessonText>().Select(part => part.Text)]
            : throw new FormatException($"lesson {name}: there is no section '{section}' or nothing in it");
    }

    private static List<Question> ReadQuestions(string name, List<string> questions, List<string> answers)
    {
        if (questions.Count != answers.Count)
        {
            throw new FormatException($"lesson {name}: {questions.Count} questions, {answers.Count} answers");
        }

        return [.. questions.Select((question, i) =>
        {
            var (asked, answered) = (Numbered().Match(question), Answered().Match(answers[i]));
            var number = $"{i + 1}";
            return asked.Groups[1].Value == number && answered.Groups[1].Value == number
                ? new Question(asked.Groups[2].Value, AnswerCheck.Values(answered.Groups[2].Value), _ => answered.Groups[3].Value.Trim())
                : throw new FormatException($"lesson {name}: question and answer {number} are not '{number}. question' and '{number}. **values** reason'");
        })];
    }

    private static IEnumerable<LessonPart> Parts(string text)
    {
        List<string>? block = null;
        var isConsole = false;
        var paragraph = new List<string>();
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            if (block is not null)
            {
                if (line != "```")
                {
                    block.Add(line);
                    continue;
                }

                foreach (var part in isConsole ? Shown(block) : [new LessonFigure(block)])
                {
                    yield return part;
                }

                block = null;
                continue;
            }

            // A blank line, a heading, a block and the next point of a list end a paragraph.
            var isHeading = line.StartsWith('#');
            var isBlock = line.StartsWith("```", StringComparison.Ordinal);
            if (paragraph.Count > 0 && (line.Length == 0 || isHeading || isBlock || Point().IsMatch(line)))
            {
                yield return new LessonText(string.Join(' ', paragraph.Select(piece => piece.Trim())));
                paragraph.Clear();
            }

            if (isBlock)
            {
                (block, isConsole) = ([], line == "```console");
            }
            else if (isHeading)
            {
                var level = line.TakeWhile(sign => sign == '#').Count();
                yield return new LessonHeading(level, line[level..].Trim());
            }
            else if (line.Length > 0)
            {
                paragraph.Add(line);
            }
        }

        if (paragraph.Count > 0)
        {
            yield return new LessonText(string.Join(' ', paragraph.Select(piece => piece.Trim())));
        }
    }

    private static IEnumerable<LessonPart> Shown(List<string> block)
    {
        LessonCommand? command = null;
        foreach (var line in block)
        {
            if (line.StartsWith("$ ", StringComparison.Ordinal))
            {
                if (command is not null)
                {
                    yield return command;
                }

                command = new LessonCommand(line[2..], []);
            }
            else
            {
                (command ?? throw new FormatException($"a console block begins with a command, not '{line}'")).Shown.Add(line);
            }
        }

        if (command is not null)
        {
            yield return command;
        }
    }

    [GeneratedRegex(@"^(\d+)\. (.*)$")]
    private static partial Regex Numbered();

    [GeneratedRegex(@"^(\d+)\. \*\*([^*]+)\*\*(.*)$")]
    private static partial Regex Answered();

    [GeneratedRegex(@"^(\d+\.|-) ")]
    private static partial Regex Point();
}

/// <summary>What a lesson consists of, from top to bottom.</summary>
internal abstract record LessonPart;

internal sealed record LessonHeading(int Level, string Text) : LessonPart;

/// <summary>A paragraph or a point of a list, on one line.</summary>
internal sealed record LessonText(string Text) : LessonPart;

/// <summary>Lines that stay as they are.</summary>
internal sealed record LessonFigure(IReadOnlyList<string> Lines) : LessonPart;

/// <summary>A shell command and the lines shown below it in the file.</summary>
internal sealed record LessonCommand(string Command, List<string> Shown) : LessonPart;
