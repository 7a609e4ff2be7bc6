using System.Globalization;
using Quire.Traces;

namespace Quire.Cli.Replay;

/// <summary>Where trace commands write: .qtrace, or text if the name ends in .txt.</summary>
internal sealed class TraceSink : IDisposable
{
    private readonly QtraceWriter? _qtrace;
    private readonly StreamWriter? _text;
    private readonly bool _isAddress;

    private TraceSink(Stream stream, QtraceHeader header, bool isText)
    {
        _isAddress = header.Unit == TraceUnit.Addresses;
        if (isText)
        {
            _text = new StreamWriter(stream, bufferSize: 1 << 16);
        }
        else
        {
            _qtrace = new QtraceWriter(stream, header);
        }
    }

    public static TraceSink Open(string path, QtraceHeader header) => new(
        path == "-" ? Console.OpenStandardOutput() : new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 18),
        header,
        path.EndsWith(".txt", StringComparison.Ordinal));

    public void Add(ulong address, ulong size, ReferenceKind kind, uint process, long time)
    {
        if (_text is null)
        {
            _qtrace!.Add(address, size, kind, process, time);
            return;
        }

        var letter = kind switch
        {
            ReferenceKind.Write => 'w',
            ReferenceKind.Delete => 'd',
            ReferenceKind.Instruction => 'i',
            _ => 'r',
        };
        _text.Write(_isAddress ? "0x" + address.ToString("x", CultureInfo.InvariantCulture) : address.ToString(CultureInfo.InvariantCulture));
        _text.Write(' ');
        _text.Write(letter);
        _text.Write('\n');
    }

    public void Dispose()
    {
        _qtrace?.Dispose();
        _text?.Dispose();
    }
}
