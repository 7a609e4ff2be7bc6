using Quire.Hardware.Cpu;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Events;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes.Groups;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>fork, vfork, clone, clone3: a new thread of the process, or a new process (Linux: kernel/fork.c, copy_process).</summary>
internal static class Fork
{
    /// <summary>The child's id for the parent, or a negative errno. Waits, for a vfork, until the child has let go of the parent's space.</summary>
    public static ValueTask<long> Clone(GuestThread parent, in CloneRequest request)
    {
        var error = Check(parent, request);
        if (error != Errno.None)
        {
            return new(error.ToResult());
        }

        var kernel = parent.Kernel;
        if (KernelStack.TryTake(kernel.StackPages) is not { } stack)
        {
            return new(Errno.ENOMEM.ToResult());
        }

        GuestThread child;
        if (request.Has(CloneFlags.Thread))
        {
            if (!kernel.TryTakeTaskSlot(out var slot))
            {
                stack.Return();
                return new(Errno.EAGAIN.ToResult());
            }

            child = new GuestThread(kernel, parent.Process, kernel.Processes.TakeId()) { Slot = slot };
        }
        else
        {
            error = TryCopyProcess(parent, request, out var process);
            if (error != Errno.None)
            {
                stack.Return();
                return new(error.ToResult());
            }

            child = new GuestThread(kernel, process, process.ProcessId);
            if (request.Has(CloneFlags.ProcessDescriptor))
            {
                // After the copy: the child has no descriptor of itself.
                var descriptor = (int)Syscalls.Files.FileArguments.Install(parent, ProcessFile.Create(parent, process, 0), DescriptorMode.CloseOnExec);
                parent.Process.Space.TryWrite(request.DescriptorAt, descriptor);
            }
        }

        child.KernelStack = stack;
        CopyThread(parent, child, request);
        child.Process.MutableThreads.Add(child);
        var group = request.ControlGroup ?? parent.ControlGroup;
        if (group != child.Process.ControlGroup)
        {
            group.AddVisitor(child);
        }

        group.NoteBirth();
        kernel.Processes.Add(child);
        kernel.Scheduler.MakeRunnable(child);
        return request.Has(CloneFlags.Vfork) ? WaitForSpace(parent, child.Process, child.ThreadId) : new(child.ThreadId);
    }

    private static Errno Check(GuestThread parent, in CloneRequest request)
    {
        var flags = request.Flags;
        // Differs from Linux: of namespaces, those of control groups alone are there for the privileged.
        if ((flags & CloneFlags.Namespaces & ~CloneFlags.NewControlGroup) != 0 || (request.Has(CloneFlags.NewControlGroup) && !parent.Process.Credentials.Has(Capability.Administration)))
        {
            parent.Kernel.Remarks.CountRefusal($"clone {Refusal.CloneFlagNames((ulong)(flags & CloneFlags.Namespaces))}");
            return Errno.EPERM;
        }

        if ((request.Has(CloneFlags.Thread) && !request.Has(CloneFlags.SignalHandlers))
            || (request.Has(CloneFlags.SignalHandlers) && (!request.Has(CloneFlags.Space) || request.Has(CloneFlags.ClearHandlers)))
            || (request.Has(CloneFlags.ProcessDescriptor) && (request.Flags & (CloneFlags.Thread | CloneFlags.Detached)) != 0))
        {
            return Errno.EINVAL;
        }

        if (request.Has(CloneFlags.SetThreadPointer) && request.ThreadPointer >= AddressLayout.UserEnd)
        {
            return Errno.EPERM;
        }

        if (request.Has(CloneFlags.ProcessDescriptor) && CheckDescriptor(parent.Process, request.DescriptorAt) is var refusal and not Errno.None)
        {
            return refusal;
        }

        var group = request.ControlGroup ?? parent.ControlGroup;
        if (group != parent.ControlGroup && CheckGroup(parent, request, group) is var error and not Errno.None)
        {
            return error;
        }

        var limit = parent.Process.Limits[Resource.Processes].Soft;
        var who = parent.Process.Credentials;
        return who.RealUserId != 0 && !who.Has(Capability.Resources) && !who.Has(Capability.Administration) && (ulong)parent.Kernel.Processes.ThreadCount >= limit
            ? Errno.EAGAIN : ControlGroupTree.CheckFork(group);
    }

    // cgroup_css_set_fork.
    private static Errno CheckGroup(GuestThread parent, in CloneRequest request, ControlGroup group)
    {
        if (group.IsRemoved)
        {
            return Errno.ENODEV;
        }

        var error = request.CheckMove?.Invoke(parent.ControlGroup, group) ?? Errno.None;
        return error != Errno.None ? error
            : request.Has(CloneFlags.Thread) && group.Domain != parent.ControlGroup.Domain ? Errno.ENOTSUP
            : ControlGroupTree.CheckMembership(group);
    }

    // Nothing is to be undone once the child is there.
    private static Errno CheckDescriptor(GuestProcess parent, VirtualAddress at) =>
        !parent.Descriptors.HasRoom(parent.Limits[Resource.OpenFiles].Soft) ? Errno.EMFILE
            : parent.Space.TryRead(at, out int before) && parent.Space.TryWrite(at, before) ? Errno.None
            : Errno.EFAULT;

    private static Errno TryCopyProcess(GuestThread caller, in CloneRequest request, out GuestProcess child)
    {
        var parent = caller.Process;
        var kernel = parent.Kernel;
        child = null!;
        if (!kernel.TryTakeTaskSlot(out var slot))
        {
            return Errno.EAGAIN;
        }

        if ((request.Has(CloneFlags.Descriptors) ? parent.Descriptors.Share() : parent.Descriptors.TryClone()) is not { } descriptors)
        {
            kernel.TaskSlots.Return(slot);
            return Errno.ENOMEM;
        }

        var id = kernel.Processes.TakeId();
        AddressSpace? space;
        if (request.Has(CloneFlags.Space))
        {
            space = parent.Space;
            space.AddReference();
        }
        else
        {
            space = parent.Space.TryFork(parent.Limits.ForMemory(parent.Credentials), id);
        }

        if (space is null)
        {
            descriptors.Release();
            kernel.TaskSlots.Return(slot);
            return Errno.ENOMEM;
        }

        var newParent = request.Has(CloneFlags.Parent) ? parent.Parent : parent;
        child = new GuestProcess(kernel, id, space, parent.Session)
        {
            Slot = slot,
            StartTime = kernel.Clock.Now,
            GroupId = parent.GroupId,
            Parent = newParent,
            Credentials = parent.Credentials,
            Limits = parent.Limits.Clone(),
            Handlers = request.Has(CloneFlags.SignalHandlers) ? parent.Handlers : parent.Handlers.Clone(),
            Descriptors = descriptors,
            FileContext = request.Has(CloneFlags.FileContext) ? parent.FileContext.Share() : parent.FileContext.Clone(),
            ExecutablePath = parent.ExecutablePath,
            Arguments = parent.Arguments,
            Niceness = parent.Niceness,
            Dumpable = parent.Dumpable,
            Personality = parent.Personality,
            CoreFilter = parent.CoreFilter,
            OutOfMemoryAdjustment = parent.OutOfMemoryAdjustment,
            LeastOutOfMemoryAdjustment = parent.LeastOutOfMemoryAdjustment,
            ExitSignal = request.Has(CloneFlags.Parent) ? parent.ExitSignal : request.ExitSignal,
            BorrowsSpace = request.Has(CloneFlags.Space),
        };
        if (request.Has(CloneFlags.ClearHandlers))
        {
            child.Handlers.ResetCaught();
        }

        child.ControlGroupRoot = request.Has(CloneFlags.NewControlGroup) ? caller.ControlGroup : parent.ControlGroupRoot;
        ControlGroupTree.Add(child, request.ControlGroup ?? caller.ControlGroup);
        child.Timers.NoteCpuTimers();
        newParent?.MutableChildren.Add(child);
        kernel.Processes.Add(child);
        return Errno.None;
    }

    private static void CopyThread(GuestThread parent, GuestThread child, in CloneRequest request)
    {
        ref var registers = ref child.Registers;
        registers = parent.Registers;
        registers[GeneralRegister.Rax] = 0;
        if (request.StackPointer != default)
        {
            registers[GeneralRegister.Rsp] = request.StackPointer.Value;
        }

        if (request.Has(CloneFlags.SetThreadPointer))
        {
            registers.FsBase = request.ThreadPointer;
        }

        child.Name = parent.Name;
        child.SignalMask = parent.MaskToRestore ?? parent.SignalMask;
        child.Affinity = parent.Affinity;

        // A thread or a clone that shares memory on its own stack must not share the signal stack; fork and vfork keep it.
        if (!request.Has(CloneFlags.Space) || request.Has(CloneFlags.Vfork))
        {
            child.AlternateStack = parent.AlternateStack;
        }

        if (request.Has(CloneFlags.ClearChildId))
        {
            child.ClearThreadIdAt = request.ChildIdAt;
        }

        if (request.Has(CloneFlags.SetParentId))
        {
            parent.Process.Space.TryWrite(request.ParentIdAt, child.ThreadId);
        }

        if (request.Has(CloneFlags.SetChildId))
        {
            child.Process.Space.TryWrite(request.ChildIdAt, child.ThreadId);
        }
    }

    private static async ValueTask<long> WaitForSpace(GuestThread parent, GuestProcess child, int id)
    {
        // freezable: wait_for_vfork_done.
        parent.EnterFrozen();
        while (child.BorrowsSpace)
        {
            if (await child.SpaceGivenBack.Wait(parent, SleepKind.Killable) == WakeReason.Interrupted)
            {
                break;
            }
        }

        if (!parent.IsHeld)
        {
            parent.LeaveFrozen();
        }

        return id;
    }
}
