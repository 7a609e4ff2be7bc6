using Quire.Kernel.Processes;

namespace Quire.Kernel.Files;

/// <summary>Why SIGIO comes: si_code of a signal set with F_SETSIG.</summary>
public enum AsyncReason
{
    Input = 1,
    Output = 2,
    HangUp = 6,
}

/// <summary>Whom F_SETOWN names.</summary>
public enum FileOwnerKind
{
    Thread = 0,
    Process = 1,
    Group = 2,
}

/// <summary>Who is told that a file became ready (F_SETOWN, F_SETOWN_EX), and in whose name.</summary>
public sealed record FileOwner(FileOwnerKind Kind, int Id, Credentials Setter);

/// <summary>Open files that want a signal when something happens at one place (O_ASYNC; struct fasync_struct of fs/fcntl.c).</summary>
public sealed class AsyncListeners
{
    private List<(OpenFile File, int Descriptor)>? _files;
    private GuestKernel? _kernel;

    internal void Remove(OpenFile file) => _files?.RemoveAll(entry => entry.File == file);

    internal void Set(GuestKernel kernel, OpenFile file, int descriptor, AsyncMode mode)
    {
        _kernel = kernel;
        _files?.RemoveAll(entry => entry.File == file);
        if (mode == AsyncMode.On)
        {
            (_files ??= []).Add((file, descriptor));
        }
    }

    /// <summary>Something happened: the owners of the files get their signals.</summary>
    internal void Tell(AsyncReason reason)
    {
        if (_files is null)
        {
            return;
        }

        foreach (var (file, descriptor) in _files)
        {
            if (file.Owner is { } owner)
            {
                Send(_kernel!, owner, file.AsyncSignal, descriptor, reason);
            }
        }
    }

    // send_sigio: the plain SIGIO says nothing more; a signal of one's choice says which file and why, and is SIGIO when the queue is full.
    private static void Send(GuestKernel kernel, FileOwner owner, Signal signal, int descriptor, AsyncReason reason)
    {
        var plain = SignalInfo.FromKernel(Signal.SIGIO);
        var told = signal == Signal.None ? plain
            : new SignalInfo(signal, (int)reason) { Shape = SignalInfoShape.File, Value = BandOf(reason), ProcessId = descriptor };
        if (owner.Kind == FileOwnerKind.Thread)
        {
            if (kernel.Processes.FindThread(owner.Id) is { } thread && MaySend(owner, thread.Process) && !thread.Send(told) && signal >= Signal.RealTimeFirst)
            {
                thread.Send(plain);
            }

            return;
        }

        var receivers = owner.Kind == FileOwnerKind.Group ? kernel.Processes.InGroup(owner.Id).ToArray()
            : kernel.Processes.Find(owner.Id) is { } process ? [process] : [];
        foreach (var receiver in receivers)
        {
            if (MaySend(owner, receiver) && !receiver.Send(told) && signal >= Signal.RealTimeFirst)
            {
                receiver.Send(plain);
            }
        }
    }

    // sigio_perm.
    private static bool MaySend(FileOwner owner, GuestProcess receiver) =>
        owner.Setter.EffectiveUserId == 0
        || owner.Setter.EffectiveUserId == receiver.Credentials.SavedUserId || owner.Setter.EffectiveUserId == receiver.Credentials.RealUserId
        || owner.Setter.RealUserId == receiver.Credentials.SavedUserId || owner.Setter.RealUserId == receiver.Credentials.RealUserId;

    private static ulong BandOf(AsyncReason reason) => (ulong)(reason switch
    {
        AsyncReason.Input => PollEvents.In | PollEvents.ReadNormal,
        AsyncReason.Output => PollEvents.Out | PollEvents.WriteNormal | PollEvents.WriteBand,
        _ => PollEvents.HangUp | PollEvents.Error,
    });
}

internal enum AsyncMode
{
    Off,
    On,
}
