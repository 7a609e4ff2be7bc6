using Quire.Kernel.Files;
using Quire.Kernel.Files.Walk;
using Quire.Kernel.Loading;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes.Groups;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Kernel.Processes;

/// <summary>Makes process 1 out of nothing and has it run the first program.</summary>
internal static class FirstProcess
{
    public static Errno Start(GuestKernel kernel, ProgramStart start)
    {
        var group = kernel.ControlGroups.First;
        kernel.Memory.Groups.Enter(group.Memory);
        var id = kernel.Processes.TakeId();
        var session = new Session(id) { Terminal = start.Terminal };
        var limits = new ResourceLimits(kernel.Memory.Physical.FrameCount);
        var layout = new AddressLayout(LayoutRandomization.Off, limits[Resource.Stack].Soft, kernel.Random.Next);
        if (KernelStack.TryTake(kernel.StackPages) is not { } stack || !kernel.TryTakeTaskSlot(out var slot)
            || kernel.Memory.TryCreateAddressSpace(new AddressSpaceOptions(layout, limits.ForMemory(start.Credentials), id)) is not { } space)
        {
            return Errno.ENOMEM;
        }

        var process = new GuestProcess(kernel, id, space, session)
        {
            Slot = slot,
            Credentials = start.Credentials,
            Limits = limits,
            Descriptors = start.Descriptors,
            FileContext = start.FileContext,
        };
        ControlGroupTree.Add(process, group);
        var arguments = new ProgramArguments(
            [.. start.Arguments.Select(GuestText.Encode)], [.. start.Environment.Select(GuestText.Encode)]);
        var place = new ProgramPlace(start.FileContext.WorkingDirectory, GuestText.Encode(start.Path), WalkModes.FollowLast);
        var caller = new FileCaller(start.FileContext, start.Credentials, Thread: null);
        var error = Execute.Prepare(process, caller, place, arguments, out var prepared);
        if (error != Errno.None)
        {
            kernel.ReleaseSpace(space);
            stack.Return();
            kernel.TaskSlots.Return(slot);
            return error;
        }

        if (start.Terminal is { } terminal)
        {
            terminal.Session = session;
            terminal.ForegroundGroup = id;
        }

        var thread = new GuestThread(kernel, process, id) { KernelStack = stack };
        process.MutableThreads.Add(thread);
        kernel.Processes.Add(process);
        kernel.Processes.Add(thread);
        group.NoteBirth();
        Execute.Enter(thread, prepared);
        thread.Call.KeepsRegisters = false;
        process.HasExecuted = false;

        // Reading the program took device time before there was anyone to wait for it.
        thread.Debt = new WaitDebt(kernel.Memory.TakeDeviceDebt(), VirtualTime.Zero, VirtualTime.Zero);
        kernel.Scheduler.MakeRunnable(thread);
        return Errno.None;
    }
}
