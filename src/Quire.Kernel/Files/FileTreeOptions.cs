using Quire.Primitives;

namespace Quire.Kernel.Files;

/// <summary>A directory of the host that guests may change.</summary>
/// <param name="HostPath">Absolute, as all host paths here: each character is a byte (<see cref="GuestText"/>).</param>
/// <param name="GuestPath">Absolute; where it is mounted.</param>
public sealed record DirectoryBinding(string HostPath, string GuestPath);

/// <summary>What becomes of device nodes and set-user-ID bits that guests make in directories of the host.</summary>
public enum SpecialFilesOnHost
{
    /// <summary>Guests see them, the host does not.</summary>
    Recorded,

    Made,
}

/// <summary>How guests see the host's files.</summary>
public enum HostSight
{
    /// <summary>As they are at each moment.</summary>
    Live,

    /// <summary>As first seen, and nothing that changes while names and contents stay: <see cref="Host.SteadyAttributes"/>.</summary>
    Steady,
}

/// <summary>What guests find in /tmp and /var/tmp.</summary>
public enum TemporaryFiles
{
    /// <summary>The host's.</summary>
    Shown,

    /// <summary>Of the host's only what the run itself names: <see cref="FileTreeOptions.Named"/>.</summary>
    Hidden,
}

/// <summary>What the guests' tree of files is made of.</summary>
public sealed record FileTreeOptions
{
    public static readonly ByteSize StandardLayerCapacity = new(16UL << 30);

    /// <summary>Host directory that is the guests' root.</summary>
    public string Root { get; init; } = "/";

    /// <summary>Host directories that guests change for real.</summary>
    public IReadOnlyList<DirectoryBinding> Bound { get; init; } = [];

    /// <summary>What becomes of device nodes and set-user-ID bits in them.</summary>
    public SpecialFilesOnHost SpecialFiles { get; init; }

    /// <summary>Host directory that keeps what guests change, for later runs; null throws it away.</summary>
    public string? Layer { get; init; }

    /// <summary>Where the first program starts; the root if the guests do not have it.</summary>
    public string WorkingDirectory { get; init; } = "/";

    public HostSight Sight { get; init; } = HostSight.Live;

    public TemporaryFiles Temporary { get; init; } = TemporaryFiles.Shown;

    /// <summary>Absolute paths, as guests write them, that the run names: its program, its arguments.</summary>
    public IReadOnlyList<string> Named { get; init; } = [];

    /// <summary>Bytes that guests may write to the layer.</summary>
    public ByteSize LayerCapacity { get; init; } = StandardLayerCapacity;
}
