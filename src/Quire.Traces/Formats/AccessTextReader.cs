namespace Quire.Traces;

/// <summary>
/// Lines of access, address and size in words: output of DynamoRIO's view tool ("... read  8 byte(s) @ 0x7ffd... by PC 0x..."), "l 0xaddr n",
/// "s 0xaddr n" and "read 0xaddr size". Lines that are no access (markers, statistics) are passed over in view output only.
/// </summary>
public sealed class AccessTextReader : TextTraceReader
{
    private readonly bool _isView;

    public AccessTextReader(ByteSource source)
        : base(source) => _isView = LooksLikeView(source.Peek(1 << 14));

    public override string Format => "accesses";

    public override TraceUnit Unit => TraceUnit.Addresses;

    public static bool Recognises(ReadOnlySpan<byte> start)
    {
        if (LooksLikeView(start))
        {
            return true;
        }

        var (good, bad) = (0, 0);
        foreach (var range in start.SplitAny((byte)'\n', (byte)'\r'))
        {
            if (!start[range].IsEmpty && !(range.End.Value == start.Length && good > 0))
            {
                if (TryAccess(start[range], out _, out _, out _))
                {
                    good++;
                }
                else
                {
                    bad++;
                }
            }
        }

        return good > 0 && bad == 0;
    }

    protected override void ParseLine(ReadOnlySpan<byte> line, TraceRecords records)
    {
        if (_isView ? TryView(line, out var address, out var size, out var kind) : TryAccess(line, out address, out size, out kind))
        {
            records.Add(address, size, kind, 0, Ordinal++);
        }
        else if (!_isView || line.IndexOf("byte(s) @"u8) >= 0)
        {
            throw Bad("not access, address and size", line);
        }
    }

    private static bool LooksLikeView(ReadOnlySpan<byte> start) => start.IndexOf("byte(s) @ 0x"u8) >= 0;

    private static bool TryAccess(ReadOnlySpan<byte> line, out ulong address, out uint size, out ReferenceKind kind)
    {
        (address, size) = (0, 0);
        var isAccess = TextFields.TryKind(TextFields.TakeWord(ref line), out kind);
        var word = TextFields.TakeWord(ref line);
        if (!isAccess || !(TextFields.TryNumber(word, out address) || TextFields.TryHex(word, out address)))
        {
            return false;
        }

        return TextFields.TryNumber(TextFields.TakeWord(ref line), out var length) && (size = (uint)Math.Min(length, uint.MaxValue)) > 0 && TextFields.SkipBlanks(line).IsEmpty;
    }

    private static bool TryView(ReadOnlySpan<byte> line, out ulong address, out uint size, out ReferenceKind kind)
    {
        (address, size, kind) = (0, 0, ReferenceKind.Read);
        var at = line.IndexOf("byte(s) @ "u8);
        if (at < 0)
        {
            return false;
        }

        var before = line[..at].TrimEnd((byte)' ');
        var blank = before.LastIndexOf((byte)' ');
        var words = blank < 0 ? [] : before[..blank].TrimEnd((byte)' ');
        var access = words[(words.LastIndexOf((byte)' ') + 1)..];
        var behind = line[(at + "byte(s) @ "u8.Length)..];
        return TextFields.TryNumber(before[(blank + 1)..], out var length) && TextFields.TryKind(access, out kind)
            && TextFields.TryNumber(TextFields.TakeWord(ref behind), out address) && (size = (uint)Math.Min(length, uint.MaxValue)) > 0;
    }
}
