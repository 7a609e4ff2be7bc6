namespace Quire.Traces;

/// <summary>Takes cells off a line of a table (RFC 4180): what stands in quotes may hold separators.</summary>
internal static class CsvCells
{
    /// <summary>The next cell without blanks and quotes around it; false behind the last one.</summary>
    public static bool TryTake(scoped ref ReadOnlySpan<byte> line, byte separator, out ReadOnlySpan<byte> cell)
    {
        cell = default;
        if (line.IsEmpty)
        {
            return false;
        }

        if (separator == ' ')
        {
            cell = TextFields.TakeWord(ref line);
            return !cell.IsEmpty;
        }

        var end = line.IndexOf(separator);
        var quote = line.IndexOf((byte)'"');
        if (quote >= 0 && (end < 0 || quote < end) && line[..quote].Trim(" \t"u8).IsEmpty)
        {
            // Up to the quote that is not doubled.
            var close = quote + 1;
            while (close < line.Length && (line[close] != '"' || (close + 1 < line.Length && line[close + 1] == '"')))
            {
                close += line[close] == '"' ? 2 : 1;
            }

            cell = line[(quote + 1)..Math.Min(close, line.Length)];
            var behind = line[Math.Min(close + 1, line.Length)..];
            end = behind.IndexOf(separator);
            line = end < 0 ? default : Behind(behind, end);
            return true;
        }

        cell = (end < 0 ? line : line[..end]).Trim(" \t"u8);
        line = end < 0 ? default : Behind(line, end);
        return true;
    }

    // A separator at the end of a line has an empty cell behind it, which nobody misses.
    private static ReadOnlySpan<byte> Behind(ReadOnlySpan<byte> line, int separator) => line[(separator + 1)..];
}
