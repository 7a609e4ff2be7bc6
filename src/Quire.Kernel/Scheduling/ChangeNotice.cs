namespace Quire.Kernel.Scheduling;

/// <summary>Tells those who poll or watch a file that what it shows has changed (kernfs_notify of Linux). Who has read nothing yet has not seen the first state.</summary>
internal sealed class ChangeNotice
{
    public WaitQueue Waiters { get; } = new();

    /// <summary>Tells those who watch the file; null: there is no file yet.</summary>
    public Action? TellWatchers { get; set; }

    /// <summary>From 1; higher after each change.</summary>
    public long Version { get; private set; } = 1;

    public void Notify()
    {
        Version++;
        Waiters.WakeAll();
        TellWatchers?.Invoke();
    }
}
