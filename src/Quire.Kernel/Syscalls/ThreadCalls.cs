using Quire.Kernel.Memory;
using Quire.Kernel.Memory.HugePages;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls;

/// <summary>What a thread tells the kernel about itself: thread pointers, ids to clear, names.</summary>
internal static class ThreadCalls
{
    private const int RobustHeadSize = 24;
    private const int NameSize = 16;

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(135, "personality", "hex", SetPersonality);
        table.AddImmediate(157, "prctl", "int,hex,hex,hex,hex", Control);
        table.AddImmediate(158, "arch_prctl", "hex,ptr", SetArchitectureState);
        table.AddImmediate(218, "set_tid_address", "ptr", SetClearedId);
        table.AddImmediate(273, "set_robust_list", "ptr,size", SetRobustList);
        table.AddImmediate(274, "get_robust_list", "int,ptr,ptr", GetRobustList);
    }

    // Gives the old one; all ones only ask.
    private static long SetPersonality(GuestThread thread, SyscallArguments a)
    {
        var old = thread.Process.Personality;
        if ((uint)a.A0 != uint.MaxValue)
        {
            thread.Process.Personality = (Personality)(uint)a.A0;
        }

        return (uint)old;
    }

    private static long SetClearedId(GuestThread thread, SyscallArguments a)
    {
        thread.ClearThreadIdAt = new VirtualAddress(a.A0);
        return thread.ThreadId;
    }

    private static long SetRobustList(GuestThread thread, SyscallArguments a)
    {
        if (a.A1 != RobustHeadSize)
        {
            return Errno.EINVAL.ToResult();
        }

        thread.RobustListHead = new VirtualAddress(a.A0);
        return 0;
    }

    private static long GetRobustList(GuestThread thread, SyscallArguments a)
    {
        var id = (int)a.A0;
        if ((id == 0 ? thread : thread.Kernel.Processes.FindThread(id)) is not { } target)
        {
            return Errno.ESRCH.ToResult();
        }

        var space = thread.Process.Space;
        return space.TryWrite(new VirtualAddress(a.A2), (ulong)RobustHeadSize) && space.TryWrite(new VirtualAddress(a.A1), target.RobustListHead.Value)
            ? 0
            : Errno.EFAULT.ToResult();
    }

    private static long SetArchitectureState(GuestThread thread, SyscallArguments a)
    {
        const ulong setGs = 0x1001;
        const ulong setFs = 0x1002;
        const ulong getFs = 0x1003;
        const ulong getGs = 0x1004;
        const ulong getCpuid = 0x1011;
        const ulong setCpuid = 0x1012;

        ref var registers = ref thread.Registers;
        switch (a.A0)
        {
            case setFs or setGs when a.A1 >= AddressLayout.UserEnd:
                return Errno.EPERM.ToResult();
            case setFs:
                registers.FsBase = a.A1;
                return 0;
            case setGs:
                registers.GsBase = a.A1;
                return 0;
            case getFs:
                return thread.Process.Space.TryWrite(new VirtualAddress(a.A1), registers.FsBase) ? 0 : Errno.EFAULT.ToResult();
            case getGs:
                return thread.Process.Space.TryWrite(new VirtualAddress(a.A1), registers.GsBase) ? 0 : Errno.EFAULT.ToResult();
            case getCpuid:
                return 1;
            case setCpuid:
                return Errno.ENODEV.ToResult();
            default:
                return Errno.EINVAL.ToResult();
        }
    }

    private static long Control(GuestThread thread, SyscallArguments a)
    {
        const int setDeathSignal = 1;
        const int getDeathSignal = 2;
        const int getDumpable = 3;
        const int setDumpable = 4;
        const int getKeepCapabilities = 7;
        const int setKeepCapabilities = 8;
        const int setName = 15;
        const int getName = 16;
        const int getSeccomp = 21;
        const int setSeccomp = 22;
        const int readCapabilityBound = 23;
        const int dropCapabilityBound = 24;
        const int getSecureBits = 27;
        const int setSecureBits = 28;
        const int changeAmbient = 47;
        const int getTimerSlack = 30;
        const int setTimerSlack = 29;
        const int setSubreaper = 36;
        const int getSubreaper = 37;
        const int setNoNewPrivileges = 38;
        const int getNoNewPrivileges = 39;
        const int getTransparentHuge = 42;
        const int setTransparentHuge = 41;
        const long timerSlack = 50_000;

        var process = thread.Process;
        var argument = new VirtualAddress(a.A1);
        switch ((int)a.A0)
        {
            case setDeathSignal:
                if (a.A1 > (ulong)Signal.Last)
                {
                    return Errno.EINVAL.ToResult();
                }

                thread.ParentDeathSignal = (Signal)a.A1;
                return 0;
            case getDeathSignal:
                return Store(thread, argument, (int)thread.ParentDeathSignal);
            case getDumpable:
                return process.Dumpable;
            case setDumpable:
                if (a.A1 > 1)
                {
                    return Errno.EINVAL.ToResult();
                }

                process.Dumpable = (int)a.A1;
                return 0;
            case setName:
                return SetName(thread, argument);
            case getName:
                Span<byte> name = stackalloc byte[NameSize];
                name.Clear();
                var text = GuestText.Encode(thread.Name);
                text.AsSpan(0, Math.Min(text.Length, NameSize - 1)).CopyTo(name);
                return process.Space.CopyToGuest(argument, name) == NameSize ? 0 : Errno.EFAULT.ToResult();
            case setSubreaper:
                process.AdoptsOrphans = a.A1 != 0;
                return 0;
            case getSubreaper:
                return Store(thread, argument, process.AdoptsOrphans ? 1 : 0);
            case setNoNewPrivileges:
                if (a.A1 != 1 || (a.A2 | a.A3 | a.A4) != 0)
                {
                    return Errno.EINVAL.ToResult();
                }

                process.Credentials = process.Credentials with { GainsNothing = true };
                return 0;
            case getNoNewPrivileges:
                return (a.A1 | a.A2 | a.A3 | a.A4) != 0 ? Errno.EINVAL.ToResult() : process.Credentials.GainsNothing ? 1 : 0;
            case readCapabilityBound:
                return CapabilityCalls.ReadBound(thread, a.A1);
            case dropCapabilityBound:
                return CapabilityCalls.DropBound(thread, a.A1);
            case getSecureBits:
                return (long)process.Credentials.SecureBits;
            case setSecureBits:
                return CapabilityCalls.SetSecureBits(thread, a.A1);
            case getKeepCapabilities:
                return process.Credentials.Has(SecureBits.KeepCapabilities) ? 1 : 0;
            case setKeepCapabilities:
                return CapabilityCalls.KeepCapabilities(thread, a.A1);
            case changeAmbient:
                return CapabilityCalls.ChangeAmbient(thread, a);
            case getSeccomp or setTimerSlack:
                return 0;
            case getTransparentHuge:
                return process.Space.HugePageConsent == HugePageConsent.Refused ? 1 : 0;
            case setTransparentHuge:
                process.Space.HugePageConsent = a.A1 == 0 ? HugePageConsent.Given : HugePageConsent.Refused;
                return 0;
            case getTimerSlack:
                return timerSlack;
            case setSeccomp:
            default:
                return Errno.EINVAL.ToResult();
        }
    }

    private static long SetName(GuestThread thread, VirtualAddress at)
    {
        var space = thread.Process.Space;
        Span<byte> name = stackalloc byte[NameSize - 1];
        var length = 0;
        while (length < name.Length)
        {
            if (!space.TryRead(at + (ulong)length, out byte value))
            {
                return Errno.EFAULT.ToResult();
            }

            if (value == 0)
            {
                break;
            }

            name[length++] = value;
        }

        thread.Name = GuestText.Decode(name[..length]);
        return 0;
    }

    private static long Store(GuestThread thread, VirtualAddress at, int value) =>
        thread.Process.Space.TryWrite(at, value) ? 0 : Errno.EFAULT.ToResult();
}
