using Quire.Kernel.Files;
using Quire.Kernel.Files.ControlGroups;
using Quire.Kernel.Files.Events;
using Quire.Kernel.Files.Walk;
using Quire.Kernel.Loading;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Processes.Groups;
using Quire.Kernel.Syscalls.Abi;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls;

/// <summary>Processes begin, change their program, end, and are waited for.</summary>
internal static class ProcessCalls
{
    private const int CurrentDirectory = -100;
    private const int LongestPath = 4096;
    private const int CloneArgumentsFirstSize = 64;
    private const int CloneArgumentsSizeWithGroup = 88;
    private const uint EmptyPath = 0x1000;
    private const uint NoFollow = 0x100;
    private const int MaximumStrings = 0x7FFF_FFFF;

    public static void Register(SyscallTable table)
    {
        table.Add(56, "clone", "cloneflags,ptr,ptr,ptr,hex", Clone);
        table.Add(57, "fork", "", (thread, _) => Fork.Clone(thread, new CloneRequest(CloneFlags.None, Signal.SIGCHLD)));
        table.Add(58, "vfork", "", (thread, _) => Fork.Clone(thread, new CloneRequest(CloneFlags.Vfork | CloneFlags.Space, Signal.SIGCHLD)));
        table.Add(59, "execve", "path,strings,count", (thread, a) => Run(thread, CurrentDirectory, a.A0, a.A1, a.A2, 0));
        table.AddImmediate(60, "exit", "int", EndThread);
        table.Add(61, "wait4", "int,ptr,waitoptions,ptr", Wait);
        table.AddImmediate(231, "exit_group", "int", EndProcess);
        table.Add(247, "waitid", "int,int,ptr,waitoptions,ptr", WaitId);
        table.Add(322, "execveat", "dirfd,path,strings,count,hex", (thread, a) => Run(thread, (int)a.A0, a.A1, a.A2, a.A3, (uint)a.A4));
        table.Add(435, "clone3", "ptr,size", CloneFromStruct);
    }

    private static ValueTask<long> Clone(GuestThread thread, SyscallArguments a)
    {
        // The parent's id and the child's descriptor would go to the same place.
        var flags = (CloneFlags)(uint)a.A0;
        if ((flags & (CloneFlags.ProcessDescriptor | CloneFlags.SetParentId)) == (CloneFlags.ProcessDescriptor | CloneFlags.SetParentId))
        {
            return new(Errno.EINVAL.ToResult());
        }

        return Fork.Clone(thread, new CloneRequest(flags & ~CloneFlags.SignalMask, (Signal)(a.A0 & (ulong)CloneFlags.SignalMask))
        {
            DescriptorAt = new VirtualAddress(a.A2),
            StackPointer = new VirtualAddress(a.A1),
            ParentIdAt = new VirtualAddress(a.A2),
            ChildIdAt = new VirtualAddress(a.A3),
            ThreadPointer = a.A4,
        });
    }

    // struct clone_args: flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup.
    private static ValueTask<long> CloneFromStruct(GuestThread thread, SyscallArguments a)
    {
        const int words = 11;
        if (a.A1 > Page.Size)
        {
            return new(Errno.E2BIG.ToResult());
        }

        if (a.A1 < CloneArgumentsFirstSize)
        {
            return new(Errno.EINVAL.ToResult());
        }

        Span<ulong> fields = stackalloc ulong[words];
        fields.Clear();
        for (var index = 0UL; index < a.A1 / sizeof(ulong); index++)
        {
            if (!thread.Process.Space.TryRead(new VirtualAddress(a.A0 + (index * sizeof(ulong))), out ulong value))
            {
                return new(Errno.EFAULT.ToResult());
            }

            if (index < words)
            {
                fields[(int)index] = value;
            }
            else if (value != 0)
            {
                return new(Errno.E2BIG.ToResult());
            }
        }

        var (flags, exitSignal, stack, stackSize) = ((CloneFlags)fields[0], fields[4], fields[5], fields[6]);
        if ((flags & ~CloneFlags.Known) != 0 || (flags & CloneFlags.Detached) != 0
            || exitSignal > (ulong)Signal.Last
            || ((flags & (CloneFlags.Thread | CloneFlags.Parent)) != 0 && exitSignal != 0)
            || stack == 0 != (stackSize == 0)
            || fields[8] != 0 || fields[9] != 0
            || ((flags & CloneFlags.IntoControlGroup) != 0 && (fields[10] > int.MaxValue || a.A1 < CloneArgumentsSizeWithGroup)))
        {
            return new(Errno.EINVAL.ToResult());
        }

        ControlGroup? group = null;
        Func<ControlGroup, ControlGroup, Errno>? checkMove = null;
        if ((flags & CloneFlags.IntoControlGroup) != 0)
        {
            if (thread.Process.Descriptors.Get((int)fields[10])?.Inode is not ControlGroupDirectory directory)
            {
                return new(Errno.EBADF.ToResult());
            }

            group = directory.Group;
            checkMove = (from, to) => directory.CheckBirth(thread, from, to);
        }

        return Fork.Clone(thread, new CloneRequest(flags, (Signal)exitSignal)
        {
            StackPointer = new VirtualAddress(stack + stackSize),
            DescriptorAt = new VirtualAddress(fields[1]),
            ChildIdAt = new VirtualAddress(fields[2]),
            ParentIdAt = new VirtualAddress(fields[3]),
            ThreadPointer = fields[7],
            ControlGroup = group,
            CheckMove = checkMove,
        });
    }

    private static ValueTask<long> Run(GuestThread thread, int directory, ulong path, ulong arguments, ulong environment, uint flags)
    {
        var error = TryFindPlace(thread, directory, path, flags, out var place);
        if (error != Errno.None)
        {
            return new(error.ToResult());
        }

        var space = thread.Process.Space;
        error = TryReadStrings(space, arguments, out var argumentTexts);
        if (error != Errno.None)
        {
            return new(error.ToResult());
        }

        error = TryReadStrings(space, environment, out var environmentTexts);
        if (error != Errno.None)
        {
            return new(error.ToResult());
        }

        // Since 5.18 a program always has an argv[0].
        if (argumentTexts.Count == 0)
        {
            argumentTexts.Add([]);
        }

        return Execute.Run(thread, place, new ProgramArguments(argumentTexts, environmentTexts));
    }

    private static Errno TryFindPlace(GuestThread thread, int directory, ulong path, uint flags, out ProgramPlace place)
    {
        place = default;
        var error = thread.Process.Space.ReadString(new VirtualAddress(path), LongestPath, out var name);
        if (error != Errno.None)
        {
            return error;
        }

        if (name.Length == 0 && (flags & EmptyPath) == 0)
        {
            return Errno.ENOENT;
        }

        if ((flags & ~(EmptyPath | NoFollow)) != 0)
        {
            return Errno.EINVAL;
        }

        var modes = (flags & NoFollow) != 0 ? WalkModes.None : WalkModes.FollowLast;
        var start = thread.Process.FileContext.WorkingDirectory;
        if (directory != CurrentDirectory && (name.Length == 0 || name[0] != '/'))
        {
            if (thread.Process.Descriptors.Get(directory) is not { } file)
            {
                return Errno.EBADF;
            }

            start = file.Location;
            if (name.Length == 0 && (flags & EmptyPath) != 0)
            {
                name = GuestText.Encode($"/proc/self/fd/{directory}");
            }
        }

        if (name.Length == 0)
        {
            return Errno.ENOENT;
        }

        place = new ProgramPlace(start, name, modes);
        return Errno.None;
    }

    private static Errno TryReadStrings(AddressSpace space, ulong array, out List<byte[]> texts)
    {
        texts = [];
        if (array == 0)
        {
            return Errno.None;
        }

        var total = 0UL;
        for (var index = 0; index < MaximumStrings; index++)
        {
            if (!space.TryRead(new VirtualAddress(array + ((ulong)index * sizeof(ulong))), out ulong address))
            {
                return Errno.EFAULT;
            }

            if (address == 0)
            {
                return Errno.None;
            }

            var error = space.ReadString(new VirtualAddress(address), InitialStack.MaximumString, out var text);
            if (error != Errno.None)
            {
                return error == Errno.ENAMETOOLONG ? Errno.E2BIG : error;
            }

            texts.Add(text);
            total += (ulong)text.Length + 1 + sizeof(ulong);
            if (total > InitialStack.StringsAtMost)
            {
                return Errno.E2BIG;
            }
        }

        return Errno.E2BIG;
    }

    private static long EndThread(GuestThread thread, SyscallArguments a)
    {
        thread.Call.KeepsRegisters = true;
        thread.ExitCode = (int)a.A0;
        thread.IsAbandoned = true;
        return 0;
    }

    private static long EndProcess(GuestThread thread, SyscallArguments a)
    {
        thread.Call.KeepsRegisters = true;
        thread.Process.End(ExitStatus.Exited((int)a.A0));
        return 0;
    }

    private static async ValueTask<long> Wait(GuestThread thread, SyscallArguments a)
    {
        var options = (WaitOptions)(uint)a.A2;
        const WaitOptions allowed = WaitOptions.NoHang | WaitOptions.Stopped | WaitOptions.Continued | WaitOptions.NoThread | WaitOptions.All | WaitOptions.Clone;
        if ((options & ~allowed) != 0)
        {
            return Errno.EINVAL.ToResult();
        }

        var id = (int)a.A0;
        if (id == int.MinValue)
        {
            return Errno.ESRCH.ToResult();
        }

        var choice = id switch
        {
            -1 => new ChildChoice(ChildChoiceKind.Any, 0),
            0 => new ChildChoice(ChildChoiceKind.Group, thread.Process.GroupId),
            < 0 => new ChildChoice(ChildChoiceKind.Group, -id),
            _ => new ChildChoice(ChildChoiceKind.Process, id),
        };
        var (result, found) = await WaitForChildren.Wait(thread, choice, options | WaitOptions.Exited);
        if (result < 0 || found.ProcessId == 0)
        {
            return result;
        }

        var space = thread.Process.Space;
        if ((a.A1 != 0 && !space.TryWrite(new VirtualAddress(a.A1), found.Word))
            || (a.A3 != 0 && !space.TryWrite(new VirtualAddress(a.A3), GuestUsage.From(found.Usage))))
        {
            return Errno.EFAULT.ToResult();
        }

        return found.ProcessId;
    }

    private static async ValueTask<long> WaitId(GuestThread thread, SyscallArguments a)
    {
        var options = (WaitOptions)(uint)a.A3;
        const WaitOptions kinds = WaitOptions.Exited | WaitOptions.Stopped | WaitOptions.Continued;
        const WaitOptions allowed = kinds | WaitOptions.NoHang | WaitOptions.NoReap | WaitOptions.NoThread | WaitOptions.All | WaitOptions.Clone;
        var kind = (ChildChoiceKind)(uint)a.A0;
        var id = (int)a.A1;
        if ((options & ~allowed) != 0 || (options & kinds) == 0 || (uint)kind > (uint)ChildChoiceKind.Descriptor
            || (kind == ChildChoiceKind.Descriptor && id < 0)
            || (kind == ChildChoiceKind.Process && id <= 0) || (kind == ChildChoiceKind.Group && id < 0))
        {
            return Failed(thread, a, Errno.EINVAL.ToResult());
        }

        var choice = new ChildChoice(kind, kind == ChildChoiceKind.Group && id == 0 ? thread.Process.GroupId : id);
        var mayNotWait = false;
        if (kind == ChildChoiceKind.Descriptor)
        {
            if (thread.Process.Descriptors.Get(id) is not ProcessFile descriptor)
            {
                return Failed(thread, a, Errno.EBADF.ToResult());
            }

            choice = choice with { Process = descriptor.Process };
            mayNotWait = descriptor.IsNonBlocking && (options & WaitOptions.NoHang) == 0;
        }

        var (result, found) = await WaitForChildren.Wait(thread, choice, mayNotWait ? options | WaitOptions.NoHang : options);
        if (result < 0 || (mayNotWait && found.ProcessId == 0))
        {
            return Failed(thread, a, result < 0 ? result : Errno.EAGAIN.ToResult());
        }

        return WriteChildInfo(thread, new VirtualAddress(a.A2), found)
            && (a.A4 == 0 || found.ProcessId == 0 || thread.Process.Space.TryWrite(new VirtualAddress(a.A4), GuestUsage.From(found.Usage)))
            ? 0
            : Errno.EFAULT.ToResult();
    }

    // The siginfo is written all the same, whatever went wrong; a call that is to be made again writes none.
    private static long Failed(GuestThread thread, SyscallArguments a, long result) =>
        SyscallRestart.Is(result) || WriteChildInfo(thread, new VirtualAddress(a.A2), default) ? result : Errno.EFAULT.ToResult();

    // Linux writes the fields it knows one by one: all zero when there was nothing to tell.
    private static bool WriteChildInfo(GuestThread thread, VirtualAddress at, in ChildEvent found)
    {
        var space = thread.Process.Space;
        return at == default
            || (space.TryWrite(at, found.ProcessId == 0 ? 0 : (int)Signal.SIGCHLD)
                && space.TryWrite(at + 4, 0)
                && space.TryWrite(at + 8, found.Code)
                && space.TryWrite(at + 16, found.ProcessId)
                && space.TryWrite(at + 20, found.UserId)
                && space.TryWrite(at + 24, found.Status));
    }
}
