namespace Quire.Hardware.Cpu.X87;

/// <summary>The tag word of FNSTENV, two bits a physical register: 0 a number, 1 zero, 2 anything else, 3 empty (Intel SDM vol. 1, 8.1.7). Kept here as one bit: not empty.</summary>
internal static unsafe class X87Tags
{
    private const int Empty = 3;

    public static byte Abridged(ushort full)
    {
        var tags = 0;
        for (var i = 0; i < 8; i++)
        {
            tags |= ((full >> (i * 2)) & 3) != Empty ? 1 << i : 0;
        }

        return (byte)tags;
    }

    public static ushort Full(CpuState* s)
    {
        var full = 0;
        for (var i = 0; i < 8; i++)
        {
            var isEmpty = (s->Registers.X87Tags & (1 << i)) == 0;
            full |= (isEmpty ? Empty : Of(new Extended(s->Registers.X87Significand[i], s->Registers.X87SignExponent[i]))) << (i * 2);
        }

        return (ushort)full;
    }

    private static int Of(Extended value) => value.Kind switch
    {
        ExtendedKind.Normal => 0,
        ExtendedKind.Zero => 1,
        _ => 2,
    };
}
