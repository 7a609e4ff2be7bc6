using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Loading;

/// <summary>AT_* types of the auxiliary vector (include/uapi/linux/auxvec.h).</summary>
internal enum AuxiliaryType : ulong
{
    Null = 0,
    ProgramHeaders = 3,
    ProgramHeaderSize = 4,
    ProgramHeaderCount = 5,
    PageSize = 6,
    InterpreterBase = 7,
    Flags = 8,
    Entry = 9,
    UserId = 11,
    EffectiveUserId = 12,
    GroupId = 13,
    EffectiveGroupId = 14,
    Platform = 15,
    HardwareCapabilities = 16,
    ClockTicks = 17,
    Secure = 23,
    Random = 25,
    HardwareCapabilities2 = 26,
    ProgramName = 31,
    MinimumSignalStack = 51,
}

/// <summary>
/// What lies on the stack when a program starts (System V ABI for AMD64, 3.4.1; Linux: create_elf_tables). From the stack pointer up: argc, argv, NULL,
/// envp, NULL, the auxiliary vector, padding, 16 random bytes, the platform's name, padding, argument strings, environment strings, the program's path, a
/// null word at the very top.
/// </summary>
internal static class InitialStack
{
    /// <summary>Longest single string, its NUL counted: MAX_ARG_STRLEN.</summary>
    public const int MaximumString = 32 * Page.Size;

    /// <summary>All strings and the pointers to them, however large the stack may be.</summary>
    public const ulong StringsAtMost = 6UL << 20;
    private const ulong StringsAtLeast = 32 * Page.Size;
    private const int RandomBytes = 16;
    private static readonly byte[] Platform = "x86_64\0"u8.ToArray();

    /// <summary>Whether the strings and their pointers fit: a quarter of the stack limit, between 128 KiB and 6 MiB.</summary>
    public static bool Fits(ProgramArguments arguments, byte[] path, ulong stackLimit)
    {
        var bytes = (ulong)path.Length + 1;
        foreach (var text in arguments.Arguments.Concat(arguments.Environment))
        {
            if (text.Length >= MaximumString)
            {
                return false;
            }

            bytes += (ulong)text.Length + 1 + sizeof(ulong);
        }

        return bytes <= Math.Clamp(stackLimit / 4, StringsAtLeast, StringsAtMost);
    }

    /// <summary>Bytes the stack needs at most for <see cref="TryBuild"/>.</summary>
    public static ulong Measure(ProgramArguments arguments, byte[] path, int auxiliaryCount)
    {
        var bytes = (ulong)path.Length + 1 + sizeof(ulong);
        foreach (var text in arguments.Arguments.Concat(arguments.Environment))
        {
            bytes += (ulong)text.Length + 1 + sizeof(ulong);
        }

        return bytes + ((ulong)auxiliaryCount * 16) + RandomBytes + (ulong)Platform.Length + 128 + LargestShift;
    }

    /// <summary>arch_align_stack: the stack pointer is moved down by up to 8 KiB at random.</summary>
    public const ulong LargestShift = 8192;

    /// <param name="vector">AT_RANDOM, AT_PLATFORM and AT_EXECFN get their addresses here.</param>
    public static bool TryBuild(
        AddressSpace space, ProgramArguments arguments, byte[] path, List<(AuxiliaryType Type, ulong Value)> vector, KernelRandom random, ulong shift,
        out VirtualAddress stackPointer)
    {
        var top = space.Layout.StackTop.Value - sizeof(ulong);
        var writer = new Writer(space, top);
        var pathAt = writer.PushString(path);
        var environment = writer.PushStrings(arguments.Environment);
        var environmentStart = writer.Address;
        var argument = writer.PushStrings(arguments.Arguments);
        var argumentStart = writer.Address;

        writer.Address = (writer.Address - shift) & ~15UL;
        var platformAt = writer.Push(Platform);
        Span<byte> randomBytes = stackalloc byte[RandomBytes];
        random.Fill(randomBytes);
        var randomAt = writer.Push(randomBytes);
        Fill(vector, AuxiliaryType.Random, randomAt);
        Fill(vector, AuxiliaryType.Platform, platformAt);
        Fill(vector, AuxiliaryType.ProgramName, pathAt);

        var words = new List<ulong> { (ulong)argument.Count };
        words.AddRange(argument);
        words.Add(0);
        words.AddRange(environment);
        words.Add(0);
        var vectorAt = words.Count;
        foreach (var (type, value) in vector)
        {
            words.Add((ulong)type);
            words.Add(value);
        }

        words.Add(0);
        words.Add(0);
        writer.Address = (writer.Address - ((ulong)words.Count * sizeof(ulong))) & ~15UL;
        stackPointer = new VirtualAddress(writer.Address);
        writer.WriteWords(words);
        space.Spans = space.Spans with
        {
            StackStart = stackPointer,
            Arguments = new VirtualRange(new VirtualAddress(argumentStart), new VirtualAddress(environmentStart)),
            Environment = new VirtualRange(new VirtualAddress(environmentStart), new VirtualAddress(pathAt)),
            AuxiliaryVector = MemoryMarshal.AsBytes<ulong>(words[vectorAt..].ToArray()).ToArray(),
        };
        return !writer.HasFailed;
    }

    private static void Fill(List<(AuxiliaryType Type, ulong Value)> vector, AuxiliaryType type, ulong value)
    {
        var index = vector.FindIndex(entry => entry.Type == type);
        vector[index] = (type, value);
    }

    private sealed class Writer(AddressSpace space, ulong top)
    {
        public ulong Address { get; set; } = top;

        public bool HasFailed { get; private set; }

        public ulong Push(ReadOnlySpan<byte> bytes)
        {
            Address -= (ulong)bytes.Length;
            HasFailed |= space.CopyToGuest(new VirtualAddress(Address), bytes) < bytes.Length;
            return Address;
        }

        public ulong PushString(byte[] text)
        {
            Push([0]);
            return Push(text);
        }

        /// <summary>The strings in order of rising addresses; gives where each lies.</summary>
        public List<ulong> PushStrings(IReadOnlyList<byte[]> texts)
        {
            var total = texts.Sum(text => text.Length + 1);
            var block = new byte[total];
            var at = 0;
            var addresses = new List<ulong>(texts.Count);
            Address -= (ulong)total;
            foreach (var text in texts)
            {
                addresses.Add(Address + (ulong)at);
                text.CopyTo(block, at);
                at += text.Length + 1;
            }

            HasFailed |= space.CopyToGuest(new VirtualAddress(Address), block) < total;
            return addresses;
        }

        public void WriteWords(List<ulong> words)
        {
            var bytes = new byte[words.Count * sizeof(ulong)];
            for (var index = 0; index < words.Count; index++)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(index * sizeof(ulong)), words[index]);
            }

            HasFailed |= space.CopyToGuest(new VirtualAddress(Address), bytes) < bytes.Length;
        }
    }
}
