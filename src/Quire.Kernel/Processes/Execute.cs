using Quire.Hardware.Cpu;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Walk;
using Quire.Kernel.Loading;
using Quire.Kernel.Memory;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>Where execve looks for its program.</summary>
internal readonly record struct ProgramPlace(FileLocation Start, byte[] Path, WalkModes Modes);

/// <summary>execve: a new program in the same process (Linux: fs/exec.c).</summary>
internal static class Execute
{
    private const int ScriptDepth = 5;
    private const int NameLength = 15;

    /// <summary>Negative errno, or 0 with the thread's registers at the new program's start.</summary>
    public static async ValueTask<long> Run(GuestThread thread, ProgramPlace place, ProgramArguments arguments)
    {
        var error = Prepare(thread.Process, FileCaller.Of(thread), place, arguments, out var prepared);
        if (error != Errno.None)
        {
            return error.ToResult();
        }

        if (!await EndSiblings(thread))
        {
            thread.Kernel.ReleaseSpace(prepared.Program.Space);
            return Errno.EINTR.ToResult();
        }

        Enter(thread, prepared);
        return 0;
    }

    /// <summary>Finds the program, follows #! lines, loads it into a new space.</summary>
    public static Errno Prepare(GuestProcess process, in FileCaller caller, ProgramPlace place, ProgramArguments arguments, out PreparedProgram prepared)
    {
        prepared = default;
        var files = process.Kernel.Files;
        var path = place.Path;
        if (!InitialStack.Fits(arguments, path, process.Limits[Resource.Stack].Soft))
        {
            return Errno.E2BIG;
        }

        var error = files.OpenExecutable(caller, place.Start, GuestText.Decode(path), place.Modes, out var file);
        for (var depth = 0; error == Errno.None; depth++)
        {
            try
            {
                error = ScriptLine.TryRead(file!, out var line);
                if (error != Errno.None)
                {
                    return error;
                }

                if (line is null)
                {
                    return Load(process, caller, file!, place.Path, arguments, out prepared);
                }

                if (depth == ScriptDepth)
                {
                    return Errno.ELOOP;
                }

                arguments = line.Rewrite(arguments, path);
                path = line.Interpreter;
            }
            finally
            {
                file!.Release();
            }

            if (!InitialStack.Fits(arguments, place.Path, process.Limits[Resource.Stack].Soft))
            {
                return Errno.E2BIG;
            }

            error = files.OpenExecutable(caller, GuestText.Decode(path), out file);
        }

        return error;
    }

    /// <summary>Gives up the old program for the prepared one.</summary>
    public static void Enter(GuestThread thread, PreparedProgram prepared)
    {
        var process = thread.Process;
        var old = process.Space;
        ThreadExit.LetGoOfSpace(thread);
        process.NotePeakResident();
        thread.SaveRegisters();
        process.Space = prepared.Program.Space;
        process.Kernel.ReleaseSpace(old);
        ProcessExit.GiveBackBorrowedSpace(process);

        thread.Registers = CpuRegisters.Initial();
        thread.Registers.Rip = prepared.Program.Entry.Value;
        thread.Registers[GeneralRegister.Rsp] = prepared.Program.StackPointer.Value;
        thread.Call.KeepsRegisters = true;
        thread.Call.Remainder = null;
        thread.AlternateStack = AlternateStack.None;
        thread.LastFault = default;
        thread.Name = prepared.Name;

        // Handlers shared with another process (CLONE_SIGHAND) must stay as they are there.
        process.Handlers = process.Handlers.Clone();
        process.Handlers.ResetCaught();
        process.Timers.ClearPosix();
        process.HasExecuted = true;
        process.ExitSignal = Signal.SIGCHLD;
        process.Dumpable = prepared.Rights.IsDumpable ? 1 : process.Kernel.SetIdDumpable;
        process.ExecutablePath = prepared.FilePath;
        process.Arguments = prepared.Arguments;
        process.Credentials = prepared.Rights.Credentials;
        process.Personality = PersonalityOf(process, prepared.Rights);
        thread.ParentDeathSignal = prepared.Rights.IsDumpable ? thread.ParentDeathSignal : Signal.None;

        if (process.Descriptors.IsShared)
        {
            if (process.Descriptors.TryClone() is not { } own)
            {
                // The old program is gone: nobody is left to tell.
                process.Send(SignalInfo.FromKernel(Signal.SIGKILL));
                return;
            }

            process.Descriptors.Release();
            process.Descriptors = own;
        }

        process.Descriptors.CloseOnExec();
    }

    private static Errno Load(
        GuestProcess process, FileCaller caller, OpenFile file, byte[] calledPath, ProgramArguments arguments, out PreparedProgram prepared)
    {
        prepared = default;
        var files = process.Kernel.Files;
        var error = ProgramRights.TryChange(process, file, out var rights);
        if (error != Errno.None)
        {
            return error;
        }

        error = new ProgramLoader(process.Kernel).TryLoad(
            file,
            calledPath,
            arguments,
            process,
            rights,
            name => (files.OpenExecutable(caller, name, out var interpreter), interpreter),
            out var program);
        if (error != Errno.None)
        {
            return error;
        }

        var called = GuestText.Decode(calledPath);
        var name = called[(called.LastIndexOf('/') + 1)..];
        prepared = new PreparedProgram(
            program, rights, file.Path, name.Length > NameLength ? name[..NameLength] : name, [.. arguments.Arguments.Select(text => GuestText.Decode(text))]);
        return Errno.None;
    }

    /// <summary>Who gains rights is laid out as the kernel does, not as its caller wants.</summary>
    internal static Personality PersonalityOf(GuestProcess process, in ProgramCredentials rights) =>
        rights.IsSecure ? process.Personality & ~Personality.ClearedWithRights : process.Personality;

    // All other threads of the process end; this one becomes the first. False if it is ended itself while it waits.
    private static async ValueTask<bool> EndSiblings(GuestThread thread)
    {
        var process = thread.Process;
        foreach (var sibling in process.Threads)
        {
            if (sibling != thread)
            {
                sibling.IsAbandoned = true;
                sibling.Awaken();
            }
        }

        while (process.Threads.Count > 1)
        {
            if (await process.ThreadEnded.Wait(thread, SleepKind.Killable) == WakeReason.Interrupted)
            {
                return false;
            }
        }

        if (thread.ThreadId != process.ProcessId)
        {
            var table = process.Kernel.Processes;
            table.Remove(thread);
            thread.ThreadId = process.ProcessId;
            thread.ReturnSlot();
            table.Add(thread);
        }

        return true;
    }
}

/// <summary>A program loaded and not yet entered.</summary>
/// <param name="FilePath">What /proc/PID/exe shows: the binary, for a script its interpreter.</param>
/// <param name="Name">comm.</param>
internal readonly record struct PreparedProgram(LoadedProgram Program, ProgramCredentials Rights, string FilePath, string Name, IReadOnlyList<string> Arguments);
