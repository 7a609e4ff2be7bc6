namespace Quire.Allocation;

/// <summary>A workload file that is not what its format says. Lines count from 1; 0 when the format has none.</summary>
public sealed class WorkloadFormatException(string file, int line, string problem)
    : FormatException(line > 0 ? $"{file}:{line}: {problem}" : $"{file}: {problem}")
{
    public int Line { get; } = line;
}
