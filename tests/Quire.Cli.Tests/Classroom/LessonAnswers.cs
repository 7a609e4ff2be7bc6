using System.Globalization;

namespace Quire.Cli.Tests.Classroom;

/// <summary>The answers to the lessons' questions, computed without Quire: by definition, by brute force or by counting.</summary>
internal static class LessonAnswers
{
    public static Dictionary<string, Func<string[]>> All { get; } = new()
    {
        ["belady"] = Belady,
    };

    private static string[] Belady()
    {
        int[] references = [1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5];
        var (three, four) = (TextbookReplacement.Run("fifo", references, 3), TextbookReplacement.Run("fifo", references, 4));
        int[] longer = [.. references, 1];
        return
        [
            Text([.. four.Where(move => move >= 0).Select(move => move!.Value)]),
            Text(Enumerable.Range(0, references.Length).First(i => three[i] is null && four[i] is not null) + 1),
            Text(TextbookReplacement.Faults("fifo", references, 5), TextbookReplacement.Faults("lru", references, 5)),
            Text([.. new[] { "fifo", "lru" }.SelectMany(policy => new[] { 3, 4 }.Select(frames => TextbookReplacement.Faults(policy, longer, frames)))]),
            IsStackAlgorithm("opt", references) ? "yes" : "no",
        ];
    }

    /// <summary>Whether more frames hit whatever fewer did, in this string.</summary>
    private static bool IsStackAlgorithm(string policy, int[] references) =>
        Enumerable.Range(1, references.Max()).All(frames => TextbookReplacement.Run(policy, references, frames)
            .Zip(TextbookReplacement.Run(policy, references, frames + 1)).All(pair => pair.First is not null || pair.Second is null));

    private static string Text(params ReadOnlySpan<int> values) => string.Join(' ', values.ToArray().Select(value => value.ToString(CultureInfo.InvariantCulture)));
}
