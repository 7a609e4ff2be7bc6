using Quire.Kernel.Scheduling;
using static Quire.Kernel.Files.Host.LinuxCalls;

namespace Quire.Kernel.Files.Host;

/// <summary>Waits for the inherited streams with poll(2); a pipe to itself lets other host threads end the wait.</summary>
internal sealed unsafe class LinuxHostInput : IHostInput, IDisposable
{
    private const short PollIn = 1;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;

    private readonly LinuxHostStream[] _streams;
    private readonly int _wakeReader;
    private readonly int _wakeWriter;

    public LinuxHostInput(IReadOnlyList<LinuxHostStream> streams)
    {
        _streams = [.. streams];
        var ends = stackalloc int[2];
        if (MakePipe(ends, NonBlocking | CloseOnExec) != 0)
        {
            throw new IOException($"the host gives no pipe: {LastError}");
        }

        (_wakeReader, _wakeWriter) = (ends[0], ends[1]);
    }

    public bool IsAwaited
    {
        get
        {
            foreach (var stream in _streams)
            {
                if (stream.IsAwaited)
                {
                    return true;
                }
            }

            return false;
        }
    }

    public void Look() => Wait(0);

    public void Block(TimeSpan longest) => Wait((int)Math.Clamp(Math.Ceiling(longest.TotalMilliseconds), 0, int.MaxValue));

    public void Interrupt()
    {
        byte one = 1;
        Write(_wakeWriter, &one, 1);
    }

    public void Dispose()
    {
        Close(_wakeReader);
        Close(_wakeWriter);
    }

    private void Wait(int milliseconds)
    {
        var entries = stackalloc HostPoll[_streams.Length + 1];
        var awaited = new List<LinuxHostStream>(_streams.Length);
        foreach (var stream in _streams)
        {
            if (stream.IsAwaited)
            {
                entries[awaited.Count] = new HostPoll { Descriptor = stream.Descriptor, Wanted = stream.AwaitedEvents };
                awaited.Add(stream);
                milliseconds = stream.HasUnnoticedAhead ? 0 : milliseconds;
            }
        }

        entries[awaited.Count] = new HostPoll { Descriptor = _wakeReader, Wanted = PollIn };
        if (Poll(entries, (nuint)awaited.Count + 1, milliseconds) < 0)
        {
            return;
        }

        for (var i = 0; i < awaited.Count; i++)
        {
            if (entries[i].Happened != 0 || awaited[i].HasUnnoticedAhead)
            {
                awaited[i].Notice(entries[i].Happened);
            }
        }

        if (entries[awaited.Count].Happened != 0)
        {
            var drained = stackalloc byte[64];
            Read(_wakeReader, drained, 64);
        }
    }
}
