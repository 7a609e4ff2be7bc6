namespace Quire.Kernel.Processes;

/// <summary>What a process does with one signal (struct kernel_sigaction).</summary>
public readonly record struct SignalAction(ulong Handler, SignalActionFlags Flags, ulong Restorer, SignalSet Mask)
{
    public const ulong Default = 0;
    public const ulong Ignore = 1;
}

/// <summary>SA_* flags, ABI values.</summary>
[Flags]
public enum SignalActionFlags : ulong
{
    None = 0,
    NoChildStop = 0x1,
    NoChildWait = 0x2,
    SignalInfo = 0x4,
    Restorer = 0x0400_0000,
    OnStack = 0x0800_0000,
    Restart = 0x1000_0000,
    NoDefer = 0x4000_0000,
    ResetHandler = 0x8000_0000,
}

/// <summary>The dispositions of all signals: shared by the threads of a process and by CLONE_SIGHAND.</summary>
public sealed class SignalHandlers
{
    private readonly SignalAction[] _actions = new SignalAction[(int)Signal.Last + 1];

    public SignalAction this[Signal signal]
    {
        get => _actions[(int)signal];
        set => _actions[(int)signal] = value;
    }

    public bool IsIgnored(Signal signal) => _actions[(int)signal].Handler switch
    {
        SignalAction.Ignore => true,
        SignalAction.Default => SignalSet.IgnoredByDefault.Contains(signal),
        _ => false,
    };

    public bool HasHandler(Signal signal) => _actions[(int)signal].Handler > SignalAction.Ignore;

    public SignalHandlers Clone()
    {
        var clone = new SignalHandlers();
        _actions.CopyTo(clone._actions, 0);
        return clone;
    }

    /// <summary>Execve and CLONE_CLEAR_SIGHAND: caught signals go back to their default, ignored ones stay ignored.</summary>
    public void ResetCaught()
    {
        for (var signal = 1; signal < _actions.Length; signal++)
        {
            _actions[signal] = new SignalAction(_actions[signal].Handler == SignalAction.Ignore ? SignalAction.Ignore : SignalAction.Default, SignalActionFlags.None, 0, default);
        }
    }
}
