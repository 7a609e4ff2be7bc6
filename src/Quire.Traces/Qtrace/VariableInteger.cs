namespace Quire.Traces;

/// <summary>Numbers of seven bits a byte, least first, the top bit set on all but the last (LEB128); zigzag for signed ones.</summary>
internal static class VariableInteger
{
    public const int LongestSize = 10;

    public static int Write(Span<byte> bytes, ulong value)
    {
        var length = 0;
        while (value >= 0x80)
        {
            bytes[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        bytes[length++] = (byte)value;
        return length;
    }

    public static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));

    public static long UnZigZag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);
}

/// <summary>Takes numbers off bytes whose checksum was right; beyond their end it gives zeros and remembers that.</summary>
internal ref struct VariableIntegerReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _position;

    public bool IsBeyondEnd { get; private set; }

    /// <summary>Bytes not taken yet.</summary>
    public readonly int Left => _bytes.Length - _position;

    public readonly bool IsAtEnd => _position == _bytes.Length;

    public ulong Read()
    {
        if (_position < _bytes.Length && _bytes[_position] < 0x80)
        {
            return _bytes[_position++];
        }

        var value = 0UL;
        for (var shift = 0; shift < 70; shift += 7)
        {
            if (_position >= _bytes.Length)
            {
                break;
            }

            var part = _bytes[_position++];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        IsBeyondEnd = true;
        return 0;
    }

    public byte ReadByte()
    {
        if (_position < _bytes.Length)
        {
            return _bytes[_position++];
        }

        IsBeyondEnd = true;
        return 0;
    }
}

/// <summary>Bytes that grow as numbers are added.</summary>
internal sealed class ByteColumn
{
    private byte[] _bytes = new byte[1 << 12];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    public void AddByte(byte value)
    {
        if (Length == _bytes.Length)
        {
            Array.Resize(ref _bytes, Length * 2);
        }

        _bytes[Length++] = value;
    }

    public void Add(ulong value)
    {
        if (value < 0x80)
        {
            AddByte((byte)value);
            return;
        }

        if (Length + VariableInteger.LongestSize > _bytes.Length)
        {
            Array.Resize(ref _bytes, _bytes.Length * 2);
        }

        Length += VariableInteger.Write(_bytes.AsSpan(Length), value);
    }
}
