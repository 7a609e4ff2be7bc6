using System.Runtime.InteropServices;
using Quire.Kernel.Files;

namespace Quire.Machine.Confinement;

/// <summary>
/// The system calls that this program makes once a machine runs, as a program of classic BPF for seccomp(2) on x86-64. What is not listed fails: with
/// EPERM, or with ENOSYS if it is so new that C libraries know how to do without it. Among what fails: other programs (execve, fork), sockets,
/// mounts, namespaces, modules, ptrace, other processes' memory, keys, eBPF, performance events and io_uring.
/// </summary>
internal static class SystemCallFilter
{
    private const uint Allow = 0x7FFF_0000;
    private const uint KillProcess = 0x8000_0000;
    private const uint FailWith = 0x0005_0000;
    private const uint NotPermitted = FailWith | 1;
    private const uint NotImplemented = FailWith | 38;

    // linux/audit.h; system calls of the x32 interface have this bit.
    private const uint ArchitectureX64 = 0xC000_003E;
    private const uint X32 = 0x4000_0000;

    // struct seccomp_data: nr, arch, instruction_pointer, args[6]; the low half of an argument comes first.
    private const uint NumberOffset = 0;
    private const uint ArchitectureOffset = 4;
    private const uint ArgumentsOffset = 16;

    private const ushort Load = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfAbove = 0x25;
    private const ushort JumpIfAtLeast = 0x35;
    private const ushort JumpIfSet = 0x45;
    private const ushort Return = 0x06;

    // Since the numbers of all architectures are the same, from pidfd_send_signal on; what is newer came with a fallback in every library.
    private const uint FirstUnified = 424;

    /// <summary>By number, from the kernel's syscall_64.tbl, in ascending order.</summary>
    private static readonly (uint First, uint Last)[] Allowed =
    [
        (0, 15),     // read, write, open, close, stat, fstat, lstat, poll, lseek, mmap, mprotect, munmap, brk, rt_sigaction, rt_sigprocmask, rt_sigreturn
        (17, 28),    // pread64, pwrite64, readv, writev, access, pipe, select, sched_yield, mremap, msync, mincore, madvise
        (32, 35),    // dup, dup2, pause, nanosleep
        (39, 40),    // getpid, sendfile
        (43, 48),    // accept, sendto, recvfrom, sendmsg, recvmsg, shutdown: of sockets that were given to this program
        (51, 52),    // getsockname, getpeername
        (55, 55),    // getsockopt
        (60, 61),    // exit, wait4
        (63, 63),    // uname
        (72, 79),    // fcntl, flock, fsync, fdatasync, truncate, ftruncate, getdents, getcwd
        (82, 84),    // rename, mkdir, rmdir
        (86, 89),    // link, unlink, symlink, readlink
        (92, 100),   // chown, fchown, lchown, umask, gettimeofday, getrlimit, getrusage, sysinfo, times
        (102, 102),  // getuid
        (104, 104),  // getgid
        (107, 108),  // geteuid, getegid
        (110, 111),  // getppid, getpgrp
        (115, 115),  // getgroups
        (118, 118),  // getresuid
        (120, 121),  // getresgid, getpgid
        (124, 124),  // getsid
        (127, 128),  // rt_sigpending, rt_sigtimedwait
        (130, 132),  // rt_sigsuspend, sigaltstack, utime
        (137, 138),  // statfs, fstatfs
        (140, 152),  // getpriority, setpriority, sched_*, mlock, munlock, mlockall, munlockall
        (157, 158),  // prctl, arch_prctl
        (186, 199),  // gettid, readahead, the calls for extended attributes
        (201, 204),  // time, futex, sched_setaffinity, sched_getaffinity
        (213, 213),  // epoll_create
        (217, 219),  // getdents64, set_tid_address, restart_syscall
        (221, 221),  // fadvise64
        (228, 233),  // clock_gettime, clock_getres, clock_nanosleep, exit_group, epoll_wait, epoll_ctl
        (235, 235),  // utimes
        (237, 239),  // mbind, set_mempolicy, get_mempolicy
        (247, 247),  // waitid
        (257, 258),  // openat, mkdirat
        (260, 267),  // fchownat, futimesat, newfstatat, unlinkat, renameat, linkat, symlinkat, readlinkat
        (269, 271),  // faccessat, pselect6, ppoll
        (273, 277),  // set_robust_list, get_robust_list, splice, tee, sync_file_range
        (280, 281),  // utimensat, epoll_pwait
        (283, 283),  // timerfd_create
        (285, 288),  // fallocate, timerfd_settime, timerfd_gettime, accept4
        (290, 293),  // eventfd2, epoll_create1, dup3, pipe2
        (295, 296),  // preadv, pwritev
        (306, 306),  // syncfs
        (309, 309),  // getcpu
        (314, 316),  // sched_setattr, sched_getattr, renameat2
        (318, 319),  // getrandom, memfd_create: what makes code at run time maps it twice
        (324, 329),  // membarrier, mlock2, copy_file_range, preadv2, pwritev2, pkey_mprotect
        (332, 332),  // statx
        (334, 334),  // rseq
        (439, 439),  // faccessat2
        (441, 441),  // epoll_pwait2
        (444, 446),  // landlock_*: only takes rights away
        (449, 449),  // futex_waitv
        (454, 456),  // futex_wake, futex_wait, futex_requeue
        (462, 462),  // mseal
    ];

    /// <param name="process">This process, the only one that may be sent signals.</param>
    /// <param name="special">Whether set-user-ID files and device nodes may be made on the host.</param>
    public static FilterInstruction[] Build(uint process, SpecialFilesOnHost special)
    {
        const uint NewThread = 0x1_0000;
        const uint SetUserId = 0x800;
        const uint CharacterDevice = 0x2000;
        const uint TypesOtherThanDevices = 0x8000 | 0x1000;
        const uint InsertIntoTerminal = 0x5412;
        const uint ConsoleControl = 0x541C;
        var program = new List<FilterInstruction>
        {
            new(Load, 0, 0, ArchitectureOffset),
            new(JumpIfEqual, 1, 0, ArchitectureX64),
            new(Return, 0, 0, KillProcess),
            new(Load, 0, 0, NumberOffset),
            new(JumpIfAtLeast, 0, 1, X32),
            new(Return, 0, 0, NotImplemented),
        };

        // clone: threads only, which never come with new namespaces.
        When(program, 56, 0, [new(JumpIfSet, 1, 0, NewThread), new(Return, 0, 0, NotPermitted)]);

        // ioctl: nothing is typed on behalf of whoever sits there.
        When(program, 16, 1, [new(JumpIfEqual, 1, 0, InsertIntoTerminal), new(JumpIfEqual, 0, 1, ConsoleControl), new(Return, 0, 0, NotPermitted)]);

        // kill, tgkill: this process only.
        foreach (var number in (uint[])[62, 234])
        {
            When(program, number, 0, [new(JumpIfEqual, 1, 0, process), new(Return, 0, 0, NotPermitted)]);
        }

        // prlimit64: limits of this process only, which 0 names too.
        When(program, 302, 0, [new(JumpIfEqual, 2, 0, 0), new(JumpIfEqual, 1, 0, process), new(Return, 0, 0, NotPermitted)]);

        // chmod, fchmod, fchmodat, fchmodat2; mknod, mknodat: types of both kinds of devices are 2 and 6, without the bits of the others.
        foreach (var (number, argument) in (ReadOnlySpan<(uint, int)>)[(90, 1), (91, 1), (268, 2), (452, 2)])
        {
            When(program, number, argument, special == SpecialFilesOnHost.Made ? [] : [new(JumpIfSet, 0, 1, SetUserId), new(Return, 0, 0, NotPermitted)]);
        }

        foreach (var (number, argument) in (ReadOnlySpan<(uint, int)>)[(133, 1), (259, 2)])
        {
            When(program, number, argument, special == SpecialFilesOnHost.Made ? [] :
            [
                new(JumpIfSet, 2, 0, TypesOtherThanDevices),
                new(JumpIfSet, 0, 1, CharacterDevice),
                new(Return, 0, 0, NotPermitted),
                new(JumpIfSet, 0, 1, SetUserId),
                new(Return, 0, 0, NotPermitted),
            ]);
        }

        foreach (var (first, last) in Allowed)
        {
            program.Add(new(JumpIfAtLeast, 1, 0, first));
            program.Add(new(Return, 0, 0, first > FirstUnified ? NotImplemented : NotPermitted));
            program.Add(new(JumpIfAbove, 1, 0, last));
            program.Add(new(Return, 0, 0, Allow));
        }

        program.Add(new(Return, 0, 0, NotImplemented));
        return [.. program];
    }

    /// <summary>Adds what happens to one call: the checks see an argument's low half and end in failure, or go on behind themselves.</summary>
    private static void When(List<FilterInstruction> program, uint number, int argument, ReadOnlySpan<FilterInstruction> checks)
    {
        program.Add(new(JumpIfEqual, 0, (byte)(checks.Length + 2), number));
        program.Add(new(Load, 0, 0, ArgumentsOffset + (uint)argument * 8));
        program.AddRange(checks);
        program.Add(new(Return, 0, 0, Allow));
    }
}

/// <summary>struct sock_filter (linux/filter.h).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct FilterInstruction(ushort Code, byte IfTrue, byte IfFalse, uint Operand);
