using System.Buffers.Binary;

namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>Random operands, with a liking for the values at which arithmetic changes its mind.</summary>
internal static class Values
{
    public static ulong Integer(Random random)
    {
        var bits = random.Next(64);
        return random.Next(10) switch
        {
            0 => 0,
            1 => ulong.MaxValue,
            2 => (ulong)random.Next(256),
            3 => (ulong)-random.Next(256),
            4 => 1UL << bits,
            5 => (1UL << bits) - 1,
            6 => ~(1UL << bits),
            7 => 0x8080_8080_8080_8080UL >> random.Next(2) * 7,
            _ => (ulong)random.NextInt64(long.MinValue, long.MaxValue) >> (random.Next(3) == 0 ? bits : 0),
        };
    }

    /// <summary>Fills a span of a multiple of 16 bytes as operands of one kind.</summary>
    public static void FillOperand(Random random, Span<byte> bytes)
    {
        var kind = random.Next(9);
        for (var at = 0; at < bytes.Length; at += 16)
        {
            var part = bytes.Slice(at, 16);
            switch (kind)
            {
                case 0 or 1:
                    FillSingles(random, part);
                    break;
                case 2 or 3:
                    FillDoubles(random, part);
                    break;
                case 4:
                    BinaryPrimitives.WriteUInt64LittleEndian(part, ExtendedSignificand(random, out var signExponent));
                    BinaryPrimitives.WriteUInt64LittleEndian(part[8..], signExponent);
                    break;
                case 5:
                    BinaryPrimitives.WriteUInt64LittleEndian(part, Integer(random));
                    BinaryPrimitives.WriteUInt64LittleEndian(part[8..], Integer(random));
                    break;
                case 6:
                    FillText(random, part);
                    break;
                default:
                    random.NextBytes(part);
                    break;
            }
        }
    }

    public static uint Single(Random random)
    {
        var sign = (uint)random.Next(2) << 31;
        return random.Next(14) switch
        {
            0 => sign,
            1 => sign | 0x7F80_0000,
            2 => sign | 0x7FC0_0000 | (uint)random.Next(1 << 22),
            3 => sign | 0x7F80_0001 | (uint)random.Next(1 << 22),
            4 => sign | (uint)random.Next(1 << 23),
            5 => BitConverter.SingleToUInt32Bits(random.Next(-300, 300)),
            6 => BitConverter.SingleToUInt32Bits(random.Next(-40, 40) + 0.5f),
            7 => BitConverter.SingleToUInt32Bits((random.NextSingle() - 0.5f) * 1e10f),
            8 => sign | ((uint)random.Next(255) << 23) | (uint)random.Next(1 << 23),
            9 or 10 => sign | ((uint)(Edge(random, 254) + random.Next(-25, 4)) << 23) | (uint)(Fraction(random) >> 41),
            _ => BitConverter.SingleToUInt32Bits((random.NextSingle() - 0.5f) * 4),
        };
    }

    public static ulong Double(Random random)
    {
        var sign = (ulong)random.Next(2) << 63;
        var fraction = (ulong)random.NextInt64(1L << 52);
        return random.Next(14) switch
        {
            0 => sign,
            1 => sign | 0x7FF0_0000_0000_0000,
            2 => sign | 0x7FF8_0000_0000_0000 | (fraction >> 1),
            3 => sign | 0x7FF0_0000_0000_0001 | (fraction >> 1),
            4 => sign | fraction,
            5 => BitConverter.DoubleToUInt64Bits(random.Next(-300, 300)),
            6 => BitConverter.DoubleToUInt64Bits(random.Next(-40, 40) + 0.5),
            7 => BitConverter.DoubleToUInt64Bits((random.NextDouble() - 0.5) * 1e19),
            8 => sign | ((ulong)random.Next(2047) << 52) | fraction,
            9 => BitConverter.DoubleToUInt64Bits(BitConverter.UInt32BitsToSingle(Single(random))),
            10 or 11 => sign | ((ulong)(Edge(random, 2046) + random.Next(-54, 4)) << 52) | ((Fraction(random) >> 11) & 0xF_FFFF_FFFF_FFFF),
            _ => BitConverter.DoubleToUInt64Bits((random.NextDouble() - 0.5) * 4),
        };
    }

    /// <summary>An x87 register: mostly numbers of like size, some at the edges of every format, some encodings that are no numbers.</summary>
    public static ulong ExtendedSignificand(Random random, out ushort signExponent)
    {
        const ulong One = 1UL << 63;
        var sign = random.Next(2) << 15;
        var fraction = Fraction(random);
        var (exponent, significand) = random.Next(24) switch
        {
            0 => (0, 0UL),
            1 => (0x7FFF, One),
            2 => (0x7FFF, One | (One >> 1) | fraction),
            3 => (0x7FFF, One | (fraction >> 2) | 1),
            4 => (0, fraction & ~One),
            5 => (0, One | fraction),
            6 => (random.Next(1, 0x7FFF), fraction & ~One),
            7 => (0x7FFF, fraction & ~One),
            8 => (random.Next(0x7FFF), One | fraction),
            9 => (random.Next(1, 80), One | fraction),
            10 => (random.Next(0x7FFE - 80, 0x7FFF), One | fraction),
            11 => (0x3FFF - 1023 + random.Next(-60, 60), One | fraction),
            12 => (0x3FFF + 1023 + random.Next(-60, 10), One | fraction),
            13 => (0x3FFF - 127 + random.Next(-30, 30), One | fraction),
            14 => (0x3FFF + 127 + random.Next(-30, 10), One | fraction),
            15 => (0x3FFF + random.Next(60, 68), One | fraction),
            16 => (0x3FFF + random.Next(64), One | (fraction & (ulong.MaxValue << random.Next(64)))),
            _ => (0x3FFF + random.Next(-3, 6), One | fraction),
        };
        signExponent = (ushort)(sign | exponent);
        return significand;
    }

    // Exponents whose sums and differences lie where results become denormal or infinite; for doubles also the ends of singles.
    private static int Edge(Random random, int greatest) => random.Next(4) switch
    {
        0 => greatest == 2046 ? 897 : 60,
        1 => greatest == 2046 ? 1151 : 100,
        2 => greatest / 4,
        _ => greatest * 3 / 4,
    };

    // Often with few bits, or with bits around a rounding position.
    private static ulong Fraction(Random random)
    {
        var bits = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
        return random.Next(6) switch
        {
            0 => 0,
            1 => bits & (ulong.MaxValue << random.Next(64)),
            2 => bits | (ulong.MaxValue >> random.Next(64)),
            3 => (bits & ~0x7FFUL) | 0x400,
            4 => (bits & ~0xFF_FFFF_FFFFUL) | 0x80_0000_0000,
            _ => bits,
        };
    }

    private static void FillSingles(Random random, Span<byte> bytes)
    {
        for (var at = 0; at < bytes.Length; at += 4)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[at..], Single(random));
        }
    }

    private static void FillDoubles(Random random, Span<byte> bytes)
    {
        for (var at = 0; at < bytes.Length; at += 8)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[at..], Double(random));
        }
    }

    private static void FillText(Random random, Span<byte> bytes)
    {
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] = (byte)(random.Next(12) == 0 ? 0 : 'a' + random.Next(4));
        }
    }
}
