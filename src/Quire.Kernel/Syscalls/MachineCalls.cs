using System.Buffers.Binary;
using System.Text;
using Quire.Kernel.Memory;
using Quire.Kernel.Files.Proc;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls;

/// <summary>What the machine is, and random numbers.</summary>
internal static class MachineCalls
{
    private const int NameField = 65;
    private const int SystemInformationSize = 112;
    private const uint RandomFlags = 0x7;
    private const int LoadShift = 16;

    public static void Register(SyscallTable table)
    {
        table.AddImmediate(63, "uname", "ptr", Name);
        table.AddImmediate(99, "sysinfo", "ptr", Describe);
        table.AddImmediate(170, "sethostname", "ptr,size", (thread, a) => SetName(thread, a, name => thread.Kernel.HostName = name));
        table.AddImmediate(171, "setdomainname", "ptr,size", (thread, a) => SetName(thread, a, name => thread.Kernel.DomainName = name));
        table.AddImmediate(318, "getrandom", "ptr,size,hex", Random);
    }

    // struct new_utsname: sysname, nodename, release, version, machine, domainname, 65 bytes each.
    private static long Name(GuestThread thread, SyscallArguments a)
    {
        Span<byte> bytes = stackalloc byte[NameField * 6];
        bytes.Clear();
        var personality = thread.Process.Personality;
        var release = (personality & Personality.OldRelease) != 0 ? KernelIdentity.OldRelease : KernelIdentity.Release;
        var machine = (personality & Personality.DomainMask) == Personality.Linux32 ? KernelIdentity.Machine32 : KernelIdentity.Machine;
        ReadOnlySpan<string> fields = [KernelIdentity.SystemName, thread.Kernel.HostName, release, KernelIdentity.Version, machine, thread.Kernel.DomainName];
        for (var index = 0; index < fields.Length; index++)
        {
            Encoding.Latin1.TryGetBytes(fields[index], bytes.Slice(index * NameField, NameField - 1), out _);
        }

        return thread.Process.Space.CopyToGuest(new VirtualAddress(a.A0), bytes) == bytes.Length ? 0 : Errno.EFAULT.ToResult();
    }

    private static long SetName(GuestThread thread, SyscallArguments a, Action<string> set)
    {
        if (!thread.Process.Credentials.Has(Capability.Administration))
        {
            return Errno.EPERM.ToResult();
        }

        if ((int)a.A1 is < 0 or >= NameField)
        {
            return Errno.EINVAL.ToResult();
        }

        var bytes = new byte[(int)a.A1];
        if (thread.Process.Space.CopyFromGuest(new VirtualAddress(a.A0), bytes) < bytes.Length)
        {
            return Errno.EFAULT.ToResult();
        }

        var end = Array.IndexOf(bytes, (byte)0);
        set(Encoding.Latin1.GetString(end < 0 ? bytes : bytes[..end]));
        return 0;
    }

    // struct sysinfo: uptime, loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap (8 bytes each), procs (2), pad, totalhigh,
    // freehigh, mem_unit (4).
    private static long Describe(GuestThread thread, SyscallArguments a)
    {
        var kernel = thread.Kernel;
        var memory = kernel.Memory;
        var total = (ulong)memory.Physical.FrameCount << Page.Shift;
        Span<byte> bytes = stackalloc byte[SystemInformationSize];
        bytes.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(bytes, (long)kernel.Clock.Now.Seconds);
        var load = (long)kernel.Scheduler.WaitingCount << LoadShift;
        for (var index = 1; index <= 3; index++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes[(index * 8)..], load);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], total);
        var used = memory.Counters.ResidentPages + memory.Counters.PageTablePages + memory.Counters.SlabPages;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[40..], total - ((ulong)used << Page.Shift));
        BinaryPrimitives.WriteInt64LittleEndian(bytes[48..], memory.Counters.SharedMemoryPages << Page.Shift);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[64..], memory.SwapPages << Page.Shift);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[72..], memory.FreeSwapPages << Page.Shift);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[80..], (ushort)Math.Min(kernel.Processes.ThreadCount, ushort.MaxValue));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[104..], 1);
        return thread.Process.Space.CopyToGuest(new VirtualAddress(a.A0), bytes) == bytes.Length ? 0 : Errno.EFAULT.ToResult();
    }

    private static long Random(GuestThread thread, SyscallArguments a)
    {
        if ((a.A2 & ~(ulong)RandomFlags) != 0 || (a.A2 & 0x6) == 0x6)
        {
            return Errno.EINVAL.ToResult();
        }

        var length = Math.Min(a.A1, int.MaxValue);
        Span<byte> block = stackalloc byte[256];
        var done = 0UL;
        while (done < length)
        {
            var part = block[..(int)Math.Min((ulong)block.Length, length - done)];
            thread.Kernel.Random.Fill(part);
            var copied = thread.Process.Space.CopyToGuest(new VirtualAddress(a.A0 + done), part);
            done += (ulong)copied;
            if (copied < part.Length)
            {
                return done > 0 ? (long)done : Errno.EFAULT.ToResult();
            }
        }

        return (long)done;
    }
}
