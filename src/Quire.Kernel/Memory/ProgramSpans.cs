using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>Where the loader put things: what /proc/PID/stat and prctl(PR_SET_MM) know.</summary>
public readonly record struct ProgramSpans
{
    public VirtualRange Code { get; init; }
    public VirtualRange Data { get; init; }
    public VirtualAddress StackStart { get; init; }
    public VirtualRange Arguments { get; init; }
    public VirtualRange Environment { get; init; }

    /// <summary>As the program found it: what it does to its stack changes nothing here.</summary>
    public ReadOnlyMemory<byte> AuxiliaryVector { get; init; }
}
