using Quire.Kernel.Files;
using Quire.Kernel.Processes;

namespace Quire.Kernel;

/// <summary>The first program and what it is born with.</summary>
public sealed record ProgramStart
{
    /// <summary>Path of the program inside the guest.</summary>
    public required string Path { get; init; }

    /// <summary>argv, the program's name first.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>NAME=VALUE each.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>Descriptors 0, 1 and 2, and whatever else it inherits.</summary>
    public required DescriptorTable Descriptors { get; init; }

    /// <summary>Root and working directory.</summary>
    public required FileSystemContext FileContext { get; init; }

    public Credentials Credentials { get; init; } = new();

    /// <summary>The terminal that controls the first session; null if there is none.</summary>
    public IControllingTerminal? Terminal { get; init; }
}
