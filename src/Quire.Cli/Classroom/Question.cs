namespace Quire.Cli.Classroom;

/// <summary>Something asked that has one right answer: a value, or one value a step.</summary>
/// <param name="Prompt">What is asked.</param>
/// <param name="Answer">The right values in their order, at least one.</param>
/// <param name="Why">Explains the value at an index of <paramref name="Answer"/>.</param>
internal sealed record Question(string Prompt, IReadOnlyList<string> Answer, Func<int, string> Why);
