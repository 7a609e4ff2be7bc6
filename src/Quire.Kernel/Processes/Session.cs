namespace Quire.Kernel.Processes;

/// <summary>A terminal that a session can have as its own; the terminal device implements it.</summary>
public interface IControllingTerminal
{
    /// <summary>The session that it controls; null while it controls none.</summary>
    Session? Session { get; set; }

    /// <summary>The process group that may read and gets the keyboard's signals.</summary>
    int ForegroundGroup { get; set; }

    /// <summary>Device number as /proc/PID/stat shows it in tty_nr.</summary>
    int DeviceNumber { get; }
}

/// <summary>A session: process groups with at most one controlling terminal.</summary>
public sealed class Session
{
    public Session(int sessionId) => SessionId = sessionId;

    public int SessionId { get; }

    public IControllingTerminal? Terminal { get; set; }
}
