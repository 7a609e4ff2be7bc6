using System.Diagnostics;
using System.IO.Compression;

namespace Quire.Traces;

/// <summary>
/// The bytes of a trace, unpacked if they are packed (gzip, zstd, xz, bzip2, lz4; told by their first bytes), without the mark that some editors put
/// before UTF-8 text, with a buffer that shows what comes next, and how far the reading has got. Works on files, pipes and standard input.
/// </summary>
public sealed class ByteSource : IDisposable
{
    private const int BufferSize = 1 << 20;

    private readonly Stream _raw;
    private readonly Process? _unpacker;
    private readonly GzipTail? _gzip;
    private Stream _stream;
    private byte[] _buffer = new byte[BufferSize];
    private int _start;
    private int _end;
    private long _offset;
    private bool _ended;
    private TraceFormatException? _fault;

    private ByteSource(Stream raw, string name)
    {
        _raw = raw;
        _stream = raw;
        Name = name;
        Length = raw.CanSeek ? raw.Length : null;
        var magic = Peek(4);
        if (magic is [0x1f, 0x8b, ..])
        {
            _gzip = new GzipTail(new PrefixedStream(TakeBuffered(), raw));
            _stream = new GZipStream(_gzip, CompressionMode.Decompress);
            Packing = "gzip";
        }
        else if (CommandFor(magic) is { } command)
        {
            (_stream, _unpacker) = Unpack(new PrefixedStream(TakeBuffered(), raw), command, name);
            Packing = command;
        }

        if (Peek(3) is [0xef, 0xbb, 0xbf])
        {
            Skip(3);
        }
    }

    public string Name { get; }

    /// <summary>"gzip", "zstd", "xz", "bzip2", "lz4", or null for plain bytes.</summary>
    public string? Packing { get; }

    /// <summary>Bytes of the file as stored, if known.</summary>
    public long? Length { get; }

    /// <summary>Bytes of the stored file taken so far: for progress.</summary>
    public long RawPosition => _raw.CanSeek ? _raw.Position : _offset;

    /// <summary>Offset of the next byte, after unpacking.</summary>
    public long Offset => _offset;

    /// <summary>Opens a file, or standard input for "-".</summary>
    public static ByteSource Open(string path)
    {
        if (path == "-")
        {
            return new ByteSource(Console.OpenStandardInput(), "standard input");
        }

        if (Directory.Exists(path))
        {
            throw new TraceFormatException($"{path} is a directory");
        }

        try
        {
            return new ByteSource(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1, FileOptions.SequentialScan), path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new TraceFormatException($"{path}: {(exception is FileNotFoundException or DirectoryNotFoundException ? "no such file" : exception.Message)}");
        }
    }

    public static ByteSource Of(Stream stream, string name = "trace") => new(stream, name);

    /// <summary>Up to <paramref name="count"/> of the next bytes without taking them; fewer only at the end.</summary>
    public ReadOnlySpan<byte> Peek(int count)
    {
        try
        {
            while (_end - _start < count && FillMore())
            {
            }
        }
        catch (TraceFormatException exception) when (_end > _start)
        {
            // What came before the damage is still to be had; who needs more than that is told.
            _fault = exception;
        }

        return _buffer.AsSpan(_start, Math.Min(count, _end - _start));
    }

    /// <summary>All bytes in the buffer, at least one unless at the end.</summary>
    public ReadOnlySpan<byte> Buffered()
    {
        if (_end == _start)
        {
            FillMore();
        }

        return _buffer.AsSpan(_start, _end - _start);
    }

    /// <summary>Reads more behind what is buffered; false at the end of the bytes.</summary>
    public bool FillMore()
    {
        if (_fault is not null)
        {
            throw _fault;
        }

        if (_ended)
        {
            return false;
        }

        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        int read;
        try
        {
            read = _stream.Read(_buffer, _end, _buffer.Length - _end);
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException)
        {
            _ended = true;
            throw new TraceFormatException(
                Packing is null
                    ? $"{Name}: {exception.Message}"
                    : $"{Name}: {Packing} data is cut short or damaged after {_offset + _end - _start} bytes of trace");
        }

        _end += read;
        _ended = read == 0;
        if (_ended && _gzip is not null && !_gzip.IsWhole(_offset + _end - _start))
        {
            throw new TraceFormatException($"{Name}: gzip data is cut short after {_offset + _end - _start} bytes of trace");
        }

        if (_ended && _unpacker is not null)
        {
            _unpacker.WaitForExit();
            if (_unpacker.ExitCode != 0)
            {
                throw new TraceFormatException($"{Name}: {Packing} data is cut short or damaged after {_offset + _end - _start} bytes of trace");
            }
        }

        return read > 0;
    }

    public void Skip(int count)
    {
        _start += count;
        _offset += count;
    }

    /// <summary>Goes to a byte of a plain file.</summary>
    public void Seek(long offset)
    {
        if (Packing is not null || !_raw.CanSeek)
        {
            throw new InvalidOperationException("This source cannot seek.");
        }

        _raw.Position = offset;
        (_start, _end, _offset, _ended) = (0, 0, offset, false);
    }

    public bool CanSeek => Packing is null && _raw.CanSeek;

    public void Dispose()
    {
        _stream.Dispose();
        _raw.Dispose();
        if (_unpacker is { HasExited: false })
        {
            _unpacker.Kill();
        }

        _unpacker?.Dispose();
    }

    private byte[] TakeBuffered()
    {
        var bytes = _buffer.AsSpan(_start, _end - _start).ToArray();
        (_start, _end, _ended) = (0, 0, false);
        return bytes;
    }

    // .NET 10 has none of these of its own: the command of that name unpacks.
    private static string? CommandFor(ReadOnlySpan<byte> magic) => magic switch
    {
        [0x28, 0xb5, 0x2f, 0xfd] => "zstd",
        [0xfd, (byte)'7', (byte)'z', (byte)'X'] => "xz",
        [(byte)'B', (byte)'Z', (byte)'h', >= (byte)'1' and <= (byte)'9'] => "bzip2",
        [0x04, 0x22, 0x4d, 0x18] => "lz4",
        _ => null,
    };

    private static (Stream Output, Process Unpacker) Unpack(Stream packed, string command, string name)
    {
        Process unpacker;
        try
        {
            unpacker = Process.Start(new ProcessStartInfo(command, "-dcq") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new TraceFormatException($"{name} is packed with {command} and there is no {command} command here to unpack it");
        }

        _ = Task.Run(() =>
        {
            try
            {
                packed.CopyTo(unpacker.StandardInput.BaseStream);
                unpacker.StandardInput.Close();
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException or InvalidOperationException)
            {
                // The reader has seen enough and closed.
            }
        });
        return (unpacker.StandardOutput.BaseStream, unpacker);
    }

    private abstract class ForwardStream : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    /// <summary>
    /// Watches the packed bytes go by, because GZipStream takes an end in the middle for a good end: the last four bytes of a gzip member are its
    /// unpacked length (RFC 1952, 2.3.1). With several members it is that of the last one, which can only be less than the whole.
    /// </summary>
    private sealed class GzipTail(Stream packed) : ForwardStream
    {
        private readonly byte[] _last = new byte[4];
        private bool _hasStarted;
        private bool _hasMoreMembers;

        public bool IsWhole(long unpacked)
        {
            var length = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(_last);
            return length == (uint)unpacked || (_hasMoreMembers && length < unpacked);
        }

        public override int Read(Span<byte> buffer)
        {
            var count = packed.Read(buffer);
            var bytes = buffer[..count];
            for (var start = _hasStarted ? 0 : 1; start < count && !_hasMoreMembers;)
            {
                var found = bytes[start..].IndexOf((ReadOnlySpan<byte>)[0x1f, 0x8b, 0x08]);
                if (found < 0)
                {
                    break;
                }

                start += found + 1;
                _hasMoreMembers = start + 8 < count && bytes[start + 2] <= 0x1f && bytes[start + 7] is 0 or 2 or 4 && bytes[start + 8] is <= 13 or 255;
            }

            _hasStarted |= count > 0;
            if (count >= 4)
            {
                bytes[^4..].CopyTo(_last);
            }
            else
            {
                _last.AsSpan(count).CopyTo(_last);
                bytes.CopyTo(_last.AsSpan(4 - count));
            }

            return count;
        }
    }

    /// <summary>Bytes that were read ahead, then the rest of a stream.</summary>
    private sealed class PrefixedStream(byte[] prefix, Stream rest) : ForwardStream
    {
        private int _taken;

        public override int Read(Span<byte> buffer)
        {
            if (_taken == prefix.Length)
            {
                return rest.Read(buffer);
            }

            var count = Math.Min(buffer.Length, prefix.Length - _taken);
            prefix.AsSpan(_taken, count).CopyTo(buffer);
            _taken += count;
            return count;
        }
    }
}
