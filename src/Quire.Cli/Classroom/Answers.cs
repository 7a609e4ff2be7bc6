namespace Quire.Cli.Classroom;

/// <summary>Whether a sheet tells the answers.</summary>
internal enum Answers
{
    Hidden,
    Shown,
}
