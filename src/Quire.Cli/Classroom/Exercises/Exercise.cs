namespace Quire.Cli.Classroom.Exercises;

/// <summary>What is given, as lines that stay as they are, and what is asked about it.</summary>
internal sealed record Exercise(string Title, IReadOnlyList<string> Given, IReadOnlyList<Question> Questions);
