namespace Quire.Cli.Run;

/// <summary>
/// A file or stream that a run writes its findings to. The first write that fails (a full disk, a reader that went away) ends it: the run goes on,
/// what comes later is thrown away, and the failure is told once the run is over.
/// </summary>
internal sealed class OutputStream : Stream
{
    private readonly Stream _stream;
    private readonly string _name;

    private OutputStream(Stream stream, string name)
    {
        _stream = stream;
        _name = name;
    }

    /// <summary>What went wrong, in one line; null if nothing did.</summary>
    public string? Failure { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => _stream.CanSeek;

    public override bool CanWrite => true;

    public override long Length => _stream.Length;

    public override long Position
    {
        get => _stream.Position;
        set => _stream.Position = value;
    }

    /// <param name="path">"-" for standard output.</param>
    /// <exception cref="IOException">The file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be.</exception>
    public static OutputStream Create(string path) => path == "-"
        ? new OutputStream(Console.OpenStandardOutput(), "standard output")
        : new OutputStream(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0), path);

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (Failure is not null)
        {
            return;
        }

        try
        {
            _stream.Write(buffer);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The library names the file behind what is wrong.
            var what = exception.Message.ReplaceLineEndings(" ");
            Failure = $"{_name}: {(what.IndexOf(" : '", StringComparison.Ordinal) is var end and > 0 ? what[..end] : what)}";
        }
    }

    public override void Flush()
    {
        // There is no buffer here.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => _stream.Seek(offset, origin);

    public override void SetLength(long value) => _stream.SetLength(value);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stream.Dispose();
        }

        base.Dispose(disposing);
    }
}
