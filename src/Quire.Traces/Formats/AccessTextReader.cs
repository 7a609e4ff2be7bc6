namespace Quire.Traces;

/// <summary>
/// Lines of access, address and a number: output of DynamoRIO's view tool ("... read  8 byte(s) @ 0x7ffd... by PC 0x..."), "l 0xaddr n", "s 0xaddr n" and
/// "read 0xaddr n". Lines that are no access (markers, statistics) are passed over in view output only. The number is a size. In the traces that courses
/// on caches use it is the number of instructions since the access before: told by numbers that are no size of an access, 0 among them.
/// </summary>
public sealed class AccessTextReader : TextTraceReader
{
    public const string GapFormat = "access-gaps";

    private readonly bool _isView;
    private readonly bool _hasGaps;
    private long _time;

    public AccessTextReader(ByteSource source, ThirdNumber third)
        : base(source)
    {
        _isView = LooksLikeView(source.Peek(1 << 14));
        _hasGaps = third == ThirdNumber.IsGap;
    }

    public override string Format => _hasGaps ? GapFormat : "accesses";

    public override bool HasTimes => _hasGaps;

    public override TraceUnit Unit => TraceUnit.Addresses;

    public static bool Recognises(ReadOnlySpan<byte> start) => LooksLikeView(start) || NumbersOf(start) == ThirdNumber.IsSize;

    public static bool RecognisesGaps(ReadOnlySpan<byte> start) => !LooksLikeView(start) && NumbersOf(start) == ThirdNumber.IsGap;

    protected override void ParseLine(ReadOnlySpan<byte> line, TraceRecords records)
    {
        if (_isView ? TryView(line, out var address, out var number, out var kind) : TryAccess(line, out address, out number, out kind) && (_hasGaps || number > 0))
        {
            _time += number;
            records.Add(address, _hasGaps ? 1 : number, kind, 0, _hasGaps ? _time : Ordinal);
            Ordinal++;
        }
        else if (!_isView || line.IndexOf("byte(s) @"u8) >= 0)
        {
            throw Bad("not access, address and size", line);
        }
    }

    // Null for lines of something else.
    private static ThirdNumber? NumbersOf(ReadOnlySpan<byte> start)
    {
        var (good, hasSizes) = (0, true);
        foreach (var range in start.SplitAny((byte)'\n', (byte)'\r'))
        {
            var line = start[range].Trim(" \t"u8);
            if (line.IsEmpty || line[0] == '#' || (range.End.Value == start.Length && start.Length >= TraceFormats.SampleSize))
            {
                continue;
            }

            if (!TryAccess(line, out _, out var number, out _))
            {
                return null;
            }

            good++;
            // Processors access powers of two, 10 bytes, and saved states of the coprocessor; a range that a program copies is not written with one letter.
            hasSizes &= number > 0 && (uint.IsPow2(number) || number is 10 or 28 or 108 || line[1] > ' ');
        }

        return good == 0 ? null : hasSizes ? ThirdNumber.IsSize : ThirdNumber.IsGap;
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

        return TextFields.TryNumber(TextFields.TakeWord(ref line), out var length) && (size = (uint)Math.Min(length, uint.MaxValue)) == length && TextFields.SkipBlanks(line).IsEmpty;
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

/// <summary>What the number behind an access and its address is.</summary>
public enum ThirdNumber
{
    /// <summary>Bytes.</summary>
    IsSize,

    /// <summary>Instructions since the access before.</summary>
    IsGap,
}
