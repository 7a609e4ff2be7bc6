namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>The memory's usual contents, the same for every case.</summary>
internal sealed class GuestContents
{
    public GuestContents(int seed)
    {
        var random = new Random(seed);
        Data = Interesting(random, GuestLayout.DataBytes);
        ReadOnly = Interesting(random, GuestLayout.ReadOnlyBytes);
        Stack = Interesting(random, GuestLayout.StackBytes);
    }

    public byte[] Data { get; }

    public byte[] ReadOnly { get; }

    public byte[] Stack { get; }

    private static byte[] Interesting(Random random, int bytes)
    {
        var contents = new byte[bytes];
        for (var at = 0; at < bytes; at += 64)
        {
            Values.FillOperand(random, contents.AsSpan(at, 64));
        }

        return contents;
    }
}
