using System.Globalization;
using Quire.Kernel.Files.Terminals;
using Quire.Kernel.Scheduling;

namespace Quire.Kernel.Files.Host;

/// <summary>
/// Standard input, output and error as this program got them, given to the first guest process with their nature kept: a terminal stays a terminal,
/// a file keeps its position, a closed one stays closed.
/// </summary>
public sealed class HostStreams : IDisposable
{
    private const int StandardCount = 3;

    private readonly List<LinuxHostStream> _streams = [];
    private readonly List<(RegularFile File, IHostStream Stream)> _positions = [];
    private readonly LinuxHostInput _input;
    private EventHandler? _atExit;

    /// <param name="requests">What output that waits for the host makes way for.</param>
    /// <param name="steady">What a run that is to be the same again is shown of attributes; null: all.</param>
    public HostStreams(HostRequests requests, SteadyAttributes? steady)
    {
        for (var descriptor = 0; descriptor < StandardCount; descriptor++)
        {
            if (LinuxHostStream.Exists(descriptor))
            {
                _streams.Add(new LinuxHostStream(descriptor, requests, steady));
            }
        }

        _input = new LinuxHostInput(_streams);
        if (_streams.Find(stream => stream.IsTerminal) is { } terminal)
        {
            Terminal = new HostTerminal(terminal, requests);

            // However the run ends, the person gets the terminal back as it was.
            _atExit = (_, _) => Terminal.Restore();
            AppDomain.CurrentDomain.ProcessExit += _atExit;
        }
    }

    /// <summary>Null if none of them is a terminal.</summary>
    public HostTerminal? Terminal { get; }

    /// <summary>Where the scheduler waits for the host.</summary>
    public IHostInput Input => _input;

    /// <summary>The descriptors of the first process.</summary>
    public DescriptorTable CreateDescriptors(FileSystem files, PseudoTerminalFileSystem terminals)
    {
        var table = new DescriptorTable(files.Memory);
        foreach (var stream in _streams)
        {
            table.Replace(stream.Descriptor, Open(stream, files, terminals), DescriptorMode.KeepOnExec);
        }

        return table;
    }

    public void Dispose()
    {
        // Who shares a file with this program goes on where the guests stopped.
        foreach (var (file, stream) in _positions)
        {
            stream.Seek(file.Position, 0);
        }

        Terminal?.Dispose();
        if (_atExit is not null)
        {
            AppDomain.CurrentDomain.ProcessExit -= _atExit;
            _atExit = null;
        }

        _input.Dispose();
    }

    private OpenFile Open(LinuxHostStream stream, FileSystem files, PseudoTerminalFileSystem terminals)
    {
        if (stream.IsTerminal && Terminal is not null)
        {
            return new TerminalFile(PlaceTerminal(stream, files, terminals), stream.Flags, Terminal);
        }

        var inode = new HostStreamInode(files.Anonymous.Root.SuperBlock, stream, files.Memory);
        var file = HostStreamInode.Create(files.Anonymous.Place(stream.Name, inode), stream);
        if (file is RegularFile regular)
        {
            _positions.Add((regular, stream));
        }

        return file;
    }

    private FileLocation PlaceTerminal(LinuxHostStream stream, FileSystem files, PseudoTerminalFileSystem terminals)
    {
        const string Directory = "/dev/pts/";
        if (stream.Name.StartsWith(Directory)
            && int.TryParse(stream.Name[Directory.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && terminals.Mount is { } mount)
        {
            var inode = terminals.AddHostTerminal(number, stream.Attributes, Terminal!);
            return new FileLocation(mount, mount.Root.Child(stream.Name[Directory.Length..], inode));
        }

        return files.Anonymous.Place(stream.Name, new HostStreamInode(files.Anonymous, stream, files.Memory));
    }
}
