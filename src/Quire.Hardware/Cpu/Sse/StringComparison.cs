using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;
using static Quire.Hardware.Cpu.Sse.Selection;
using Registry = Quire.Hardware.Cpu.SelectorTable.Registry;

namespace Quire.Hardware.Cpu.Sse;

/// <summary>PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (SDM vol. 2B, 4.1).</summary>
internal static class StringComparison
{
    public static void Register(Registry registry)
    {
        registry.Add(Mnemonic.Pcmpistri, (in Instruction i, BlockBuilder b) => SelectElements(in i, b, StringControl.None));
        registry.Add(Mnemonic.Pcmpistrm, (in Instruction i, BlockBuilder b) => SelectElements(in i, b, StringControl.GivesMask));
        registry.Add(Mnemonic.Pcmpestri, (in Instruction i, BlockBuilder b) => SelectElements(in i, b, StringControl.HasLengths));
        registry.Add(Mnemonic.Pcmpestrm, (in Instruction i, BlockBuilder b) => SelectElements(in i, b, StringControl.HasLengths | StringControl.GivesMask));
        registry.Add(Mnemonic.Pcmpestri64, (in Instruction i, BlockBuilder b) => SelectElements(in i, b, StringControl.HasLengths | StringControl.HasWideLengths));
        registry.Add(Mnemonic.Pcmpestrm64, (in Instruction i, BlockBuilder b) =>
            SelectElements(in i, b, StringControl.HasLengths | StringControl.HasWideLengths | StringControl.GivesMask));
    }

    private static bool SelectElements(in Instruction i, BlockBuilder b, StringControl control)
    {
        var immediate = i.Immediate8 | (int)control;
        return (i.Immediate8 & 3) switch
        {
            0 => SelectMisaligned<ComparedStrings<byte>>(in i, b, immediate),
            1 => SelectMisaligned<ComparedStrings<ushort>>(in i, b, immediate),
            2 => SelectMisaligned<ComparedStrings<sbyte>>(in i, b, immediate),
            _ => SelectMisaligned<ComparedStrings<short>>(in i, b, immediate),
        };
    }
}

/// <summary>The instruction's immediate, with what the opcode says above it.</summary>
[Flags]
internal enum StringControl
{
    None = 0,

    /// <summary>Bits 3-2: the aggregation.</summary>
    Aggregation = 3 << 2,
    EqualAny = 0 << 2,
    Ranges = 1 << 2,
    EqualEach = 2 << 2,
    EqualOrdered = 3 << 2,

    Negative = 1 << 4,

    /// <summary>With <see cref="Negative"/>: only where the second string has an element.</summary>
    Masked = 1 << 5,

    /// <summary>The highest index, or a mask of elements instead of bits.</summary>
    HighestOrElements = 1 << 6,

    /// <summary>Lengths are in EAX and EDX; otherwise a zero element ends a string.</summary>
    HasLengths = 1 << 8,

    /// <summary>The lengths are 64 bits wide.</summary>
    HasWideLengths = 1 << 9,

    /// <summary>The result goes to XMM0 as a mask; otherwise to ECX as an index.</summary>
    GivesMask = 1 << 10,
}

internal readonly unsafe struct ComparedStrings<T> : IReader
    where T : unmanaged, IBinaryInteger<T>
{
    public static int Size => 16;

    private static int Count => Vector128<T>.Count;

    private static uint AllElements => (1u << Count) - 1;

    // Too long to be inlined into a handler.
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Read(CpuState* s, Op* op, byte* source)
    {
        var control = (StringControl)op->Immediate;
        var first = XmmRegisters.Pointer(s, op->Destination);
        var firstLength = Length(s, control, GeneralRegister.Rax, first);
        var secondLength = Length(s, control, GeneralRegister.Rdx, source);
        var result = Aggregate(control, (T*)first, firstLength, (T*)source, secondLength);
        if ((control & StringControl.Negative) != 0)
        {
            result ^= (control & StringControl.Masked) != 0 ? Below(secondLength) : AllElements;
        }

        // CF: any; ZF and SF: the second and the first string end here; OF: the first element.
        var flags = (result != 0 ? RFlags.Carry : 0) | (secondLength < Count ? RFlags.Zero : 0)
            | (firstLength < Count ? RFlags.Sign : 0) | ((result & 1) != 0 ? RFlags.Overflow : 0);
        s->Registers.Arithmetic = LazyFlags.FromFlags(flags);
        if ((control & StringControl.GivesMask) != 0)
        {
            XmmRegisters.Set(s, 0, (control & StringControl.HighestOrElements) != 0 ? Elements(result) : Vector128.CreateScalar(result).AsByte());
        }
        else
        {
            RegisterAccess.Set(s, (byte)((int)GeneralRegister.Rcx * 8), Index(control, result));
        }
    }

    private static int Length(CpuState* s, StringControl control, GeneralRegister register, byte* text)
    {
        if ((control & StringControl.HasLengths) == 0)
        {
            var zeros = Vector128.Equals(*(Vector128<T>*)text, Vector128<T>.Zero).ExtractMostSignificantBits();
            return zeros == 0 ? Count : BitOperations.TrailingZeroCount(zeros);
        }

        var length = s->Registers.General[(int)register];
        var signed = (control & StringControl.HasWideLengths) != 0 ? (long)length : (int)length;
        return (int)ulong.Min((ulong)(signed < 0 ? -signed : signed), (ulong)Count);
    }

    // One bit an element of the second string.
    private static uint Aggregate(StringControl control, T* first, int firstLength, T* source, int secondLength)
    {
        var second = *(Vector128<T>*)source;
        switch (control & StringControl.Aggregation)
        {
            case StringControl.EqualAny:
            {
                var found = Vector128<T>.Zero;
                for (var i = 0; i < firstLength; i++)
                {
                    found |= Vector128.Equals(second, Vector128.Create(first[i]));
                }

                return found.ExtractMostSignificantBits() & Below(secondLength);
            }

            case StringControl.Ranges:
            {
                var found = Vector128<T>.Zero;
                for (var i = 0; i + 1 < firstLength; i += 2)
                {
                    found |= Vector128.GreaterThanOrEqual(second, Vector128.Create(first[i])) & Vector128.LessThanOrEqual(second, Vector128.Create(first[i + 1]));
                }

                return found.ExtractMostSignificantBits() & Below(secondLength);
            }

            case StringControl.EqualEach:
            {
                // Behind both ends everything is equal, behind only one nothing.
                var equal = Vector128.Equals(*(Vector128<T>*)first, second).ExtractMostSignificantBits();
                return (equal & Below(firstLength) & Below(secondLength)) | (AllElements & ~Below(firstLength) & ~Below(secondLength));
            }

            default:
            {
                // The first string begins at an element; what lies beyond the register counts as equal.
                var begins = AllElements;
                for (var i = 0; i < firstLength; i++)
                {
                    var equal = Vector128.Equals(second, Vector128.Create(first[i])).ExtractMostSignificantBits() & Below(secondLength);
                    begins &= (equal >> i) | ~Below(Count - i);
                }

                return begins;
            }
        }
    }

    private static uint Below(int length) => (1u << length) - 1;

    private static uint Index(StringControl control, uint result) =>
        result == 0 ? (uint)Count
        : (control & StringControl.HighestOrElements) != 0 ? (uint)BitOperations.Log2(result)
        : (uint)BitOperations.TrailingZeroCount(result);

    private static Vector128<byte> Elements(uint result)
    {
        var mask = Vector128<T>.Zero;
        for (var i = 0; i < Count; i++)
        {
            mask = (result & (1u << i)) != 0 ? mask.WithElement(i, T.CreateTruncating(-1)) : mask;
        }

        return mask.AsByte();
    }
}
