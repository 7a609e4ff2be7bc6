using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Loading;

/// <summary>A program ready to run: its space and the first values of RIP and RSP.</summary>
internal readonly record struct LoadedProgram(AddressSpace Space, VirtualAddress Entry, VirtualAddress StackPointer);

/// <summary>What a program gets from its caller.</summary>
internal sealed record ProgramArguments(IReadOnlyList<byte[]> Arguments, IReadOnlyList<byte[]> Environment);
