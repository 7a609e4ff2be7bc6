using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>The arguments of mmap, with the descriptor resolved.</summary>
public readonly record struct MapRequest(VirtualAddress Hint, ulong Length, Protection Protection, MapFlags Flags)
{
    /// <summary>The file; null for an anonymous mapping.</summary>
    public IMappedFile? File { get; init; }

    /// <summary>Bytes into the file.</summary>
    public ulong FileOffset { get; init; }

    /// <summary>What maps shows for a mapping without a file, such as "[vdso]".</summary>
    public string? Name { get; init; }
}
