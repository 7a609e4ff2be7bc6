using System.Globalization;
using Quire.Primitives;

namespace Quire.Cli.Classroom;

/// <summary>
/// Compares an answer that somebody gave with the right one, value by value: what counts is the number, not how it is written (4096, 4K, 0x1000), and no
/// blank or letter case. A wrong one is told where it parts from the right one first.
/// </summary>
internal static class AnswerCheck
{
    private static readonly char[] s_between = [' ', '\t', ',', ';'];

    public static IReadOnlyList<string> Values(string text) => text.Split(s_between, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What is wrong with the answer; null: nothing.</summary>
    public static string? Mistake(Question question, string given)
    {
        var values = Values(given);
        for (var i = 0; i < question.Answer.Count; i++)
        {
            var step = question.Answer.Count == 1 ? "" : $"step {i + 1}: ";
            if (i == values.Count)
            {
                return values.Count == 0 ? "no answer" : $"{step}the answer ends here, {question.Answer.Count} values are asked for";
            }

            if (!AreEqual(question.Answer[i], values[i]))
            {
                var why = question.Why(i);
                return $"{step}you have {values[i]}, it is {question.Answer[i]}{(why.Length == 0 ? "" : ": " + why)}";
            }
        }

        return values.Count > question.Answer.Count
            ? $"right up to step {question.Answer.Count}, but {values.Count} values are given"
            : null;
    }

    private static bool AreEqual(string right, string given) =>
        string.Equals(right, given, StringComparison.OrdinalIgnoreCase) || (NumberOf(right) is { } number && number == NumberOf(given));

    private static decimal? NumberOf(string text)
    {
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            return ulong.TryParse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var hexadecimal) ? hexadecimal : null;
        }

        if (decimal.TryParse(text.TrimEnd('%'), NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        return ByteSize.TryParse(text, out var size) ? size.Bytes : null;
    }
}
