using Quire.Hardware.Cpu.Sse.Floating;

namespace Quire.Hardware.Tests.Cpu.Sse;

/// <summary>The software's arithmetic against .NET's, which rounds to nearest as the host's hardware does.</summary>
public class SoftFloatTests
{
    private static readonly int Rounds = Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is null ? 20_000 : 200_000;
    private const uint Masked = 0x1F80;

    [Fact]
    public void DoublesAgreeWithTheHost()
    {
        var random = new Random(1);
        for (var i = 0; i < Rounds; i++)
        {
            var (a, b) = (Number(random), Number(random));
            AssertSame(a + b, SoftFloat<double>.Add, a, b);
            AssertSame(a - b, SoftFloat<double>.Subtract, a, b);
            AssertSame(a * b, SoftFloat<double>.Multiply, a, b);
            AssertSame(a / b, SoftFloat<double>.Divide, a, b);
            AssertSame(Math.Sqrt(Math.Abs(a)), (ref FloatContext c, ulong x, ulong _) => SoftFloat<double>.SquareRoot(ref c, x), Math.Abs(a), b);
        }
    }

    [Fact]
    public void DirectedRoundingsEncloseTheExactResult()
    {
        var random = new Random(2);
        for (var i = 0; i < Rounds; i++)
        {
            var (a, b) = (Bits(Number(random)), Bits(Number(random)));
            var down = Divide(RoundingMode.Down, a, b, out var flags);
            var up = Divide(RoundingMode.Up, a, b, out _);
            var nearest = Divide(RoundingMode.NearestEven, a, b, out _);
            var inward = Divide(RoundingMode.TowardZero, a, b, out _);
            Assert.Equal((flags & Mxcsr.Precision) == 0, down == up);
            Assert.True(up == down || Math.BitIncrement(down) == up, $"{down:r} and {up:r} are not neighbours");
            Assert.True(nearest == down || nearest == up);
            Assert.Equal(Math.MinMagnitude(down, up), inward);
        }
    }

    private static double Divide(RoundingMode mode, ulong a, ulong b, out uint flags)
    {
        var context = new FloatContext(Masked | ((uint)mode << Mxcsr.RoundingShift));
        var quotient = SoftFloat<double>.Divide(ref context, a, b);
        flags = context.Raised;
        return BitConverter.UInt64BitsToDouble(quotient);
    }

    private delegate ulong Operation(ref FloatContext context, ulong left, ulong right);

    private static void AssertSame(double expected, Operation operation, double a, double b)
    {
        var context = new FloatContext(Masked);
        var result = operation(ref context, Bits(a), Bits(b));
        Assert.True(Bits(expected) == result, $"{a:r}, {b:r}: {expected:r} became {BitConverter.UInt64BitsToDouble(result):r}");
    }

    private static ulong Bits(double value) => BitConverter.DoubleToUInt64Bits(value);

    // Every exponent, few significant bits now and then: ties, denormals and overflow come up; zeros and NaNs do not.
    private static double Number(Random random)
    {
        var fraction = (ulong)random.NextInt64(1L << 52) & (ulong.MaxValue << random.Next(53));
        var exponent = random.Next(3) == 0 ? random.Next(1, 2046) : 1023 + random.Next(-60, 60);
        return BitConverter.UInt64BitsToDouble(((ulong)random.Next(2) << 63) | ((ulong)exponent << 52) | fraction);
    }
}
