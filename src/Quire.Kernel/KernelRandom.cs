using System.Buffers.Binary;

namespace Quire.Kernel;

/// <summary>
/// The machine's only randomness: the same seed gives the same sequence. SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom
/// number generators, OOPSLA 2014). Not for secrets.
/// </summary>
public sealed class KernelRandom
{
    private ulong _state;

    public KernelRandom(ulong seed) => _state = seed;

    public ulong Next()
    {
        _state += 0x9E37_79B9_7F4A_7C15;
        var mixed = _state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
        return mixed ^ (mixed >> 31);
    }

    public void Fill(Span<byte> bytes)
    {
        Span<byte> last = stackalloc byte[sizeof(ulong)];
        while (!bytes.IsEmpty)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(last, Next());
            var count = Math.Min(bytes.Length, last.Length);
            last[..count].CopyTo(bytes);
            bytes = bytes[count..];
        }
    }
}
