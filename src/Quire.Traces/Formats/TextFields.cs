namespace Quire.Traces;

/// <summary>Takes numbers and words off the front of a line of ASCII.</summary>
internal static class TextFields
{
    public static ReadOnlySpan<byte> SkipBlanks(ReadOnlySpan<byte> text)
    {
        var index = 0;
        while (index < text.Length && text[index] is (byte)' ' or (byte)'\t' or (byte)',' or (byte)';')
        {
            index++;
        }

        return text[index..];
    }

    /// <summary>The next word up to a blank, comma or semicolon; empty at the end of the line.</summary>
    public static ReadOnlySpan<byte> TakeWord(scoped ref ReadOnlySpan<byte> text)
    {
        text = SkipBlanks(text);
        var index = 0;
        while (index < text.Length && text[index] is not ((byte)' ' or (byte)'\t' or (byte)',' or (byte)';'))
        {
            index++;
        }

        var word = text[..index];
        text = text[index..];
        return word;
    }

    /// <summary>Finds the cells between commas; returns how many, at most as many as there is room for.</summary>
    public static int SplitCells(ReadOnlySpan<byte> line, Span<Range> cells)
    {
        var count = 0;
        foreach (var cell in line.Split((byte)','))
        {
            if (count == cells.Length)
            {
                break;
            }

            cells[count++] = cell;
        }

        return count;
    }

    /// <summary>Reads a whole word as decimal, or hexadecimal after 0x. False for signs, other characters and more than 64 bits.</summary>
    public static bool TryNumber(ReadOnlySpan<byte> word, out ulong value) =>
        word is [(byte)'0', (byte)'x' or (byte)'X', ..] ? TryHex(word[2..], out value) : TryDecimal(word, out value);

    public static bool TryDecimal(ReadOnlySpan<byte> word, out ulong value)
    {
        value = 0;
        if (word.Length is 0 or > 20)
        {
            return false;
        }

        foreach (var character in word)
        {
            var digit = (uint)(character - '0');
            if (digit > 9 || value > (ulong.MaxValue - digit) / 10)
            {
                return false;
            }

            value = (value * 10) + digit;
        }

        return true;
    }

    public static bool TryHex(ReadOnlySpan<byte> word, out ulong value)
    {
        value = 0;
        while (word.Length > 16 && word[0] == '0')
        {
            word = word[1..];
        }

        if (word.Length is 0 or > 16)
        {
            return false;
        }

        foreach (var character in word)
        {
            var digit = HexDigit(character);
            if (digit > 15)
            {
                return false;
            }

            value = (value << 4) | digit;
        }

        return true;
    }

    public static uint HexDigit(byte character)
    {
        var digit = (uint)(character - '0');
        if (digit <= 9)
        {
            return digit;
        }

        var letter = (uint)((character | 0x20) - 'a');
        return letter <= 5 ? letter + 10 : 255;
    }

    /// <summary>r, R, read, L, load, I, ifetch, get ... and their writing and deleting counterparts; dashes and underlines do not count.</summary>
    public static bool TryKind(ReadOnlySpan<byte> word, out ReferenceKind kind)
    {
        kind = ReferenceKind.Read;
        if (word.Length is 0 or > 16)
        {
            return false;
        }

        Span<char> lower = stackalloc char[word.Length];
        var length = 0;
        foreach (var character in word)
        {
            if (character is not ((byte)'_' or (byte)'-'))
            {
                lower[length++] = char.ToLowerInvariant((char)character);
            }
        }

        switch (lower[..length])
        {
            case "r" or "l" or "read" or "load" or "rs" or "ra" or "rm" or "get" or "gets" or "getlease" or "mget" or "head" or "lookup" or "find" or "peek":
                return true;
            case "w" or "s" or "write" or "store" or "m" or "modify" or "ws" or "wm" or "set" or "setlease" or "add" or "replace" or "cas" or "append" or "prepend" or "incr" or "decr"
                or "put" or "post" or "update" or "insert" or "upsert" or "touch":
                kind = ReferenceKind.Write;
                return true;
            case "i" or "x" or "f" or "ifetch" or "fetch" or "exec":
                kind = ReferenceKind.Instruction;
                return true;
            case "d" or "delete" or "del" or "remove" or "erase" or "invalidate" or "expire" or "purge" or "unlink" or "discard" or "trim":
                kind = ReferenceKind.Delete;
                return true;
            default:
                return false;
        }
    }

    /// <summary>FNV-1a over a key that is text: the identity of the object.</summary>
    public static ulong HashKey(ReadOnlySpan<byte> key)
    {
        var hash = 14695981039346656037UL;
        foreach (var character in key)
        {
            hash = (hash ^ character) * 1099511628211UL;
        }

        return hash;
    }
}
