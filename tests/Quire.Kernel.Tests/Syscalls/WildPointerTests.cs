using Quire.Hardware.Cpu;
using Quire.Kernel.Processes;
using Quire.Kernel.Scheduling;
using Quire.Kernel.Syscalls;
using Quire.Kernel.Tests.Processes;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Syscalls;

/// <summary>Every system call with addresses, descriptors and sizes that no program means: an errno or a result, never an exception, and memory still adds up.</summary>
public class WildPointerTests
{
    private static readonly ulong[] Wild =
    [
        0, 1, 0x10, 0xFFF, 0x1000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x7FFF_FFFF_EFFF, 0x7FFF_FFFF_F000, 0x8000_0000_0000, 0xFFFF_8000_0000_0000,
        0x8000_0000_0000_0000, ulong.MaxValue - 7, ulong.MaxValue, ulong.MaxValue - 99, 2, 3, 64, 4096, 1 << 20,
    ];

    // They end or replace the thread, or their result is another process.
    private static readonly HashSet<string> Excluded = ["exit", "exit_group", "fork", "vfork", "clone", "clone3", "rt_sigreturn", "execve", "execveat", "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"];

    public static TheoryData<int> Seeds => new(Enumerable.Range(0, Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is null ? 3 : 200));

    [Theory]
    [MemberData(nameof(Seeds))]
    public void NoSystemCallThrowsForAnyArguments(int seed)
    {
        using var world = new GuestWorld();
        var random = new Random(seed);
        var calls = world.Kernel.Syscalls.All.Where(call => !Excluded.Contains(call.Name)).ToList();
        world.Inside(thread =>
        {
            ulong[] addresses = [.. Wild, (ulong)Guest.Scratch, (ulong)Guest.Scratch + 8, (ulong)Guest.Scratch + Guest.ScratchBytes - 4, ElfAddress];
            for (var round = 0; round < 3; round++)
            {
                foreach (var call in calls)
                {
                    var arguments = new SyscallArguments(Pick(), Pick(), Pick(), Pick(), Pick(), Pick());
                    try
                    {
                        Finish(thread, call.Immediate is { } immediate ? new(immediate(thread, arguments)) : call.Handler!(thread, arguments));
                    }
                    catch (Exception exception)
                    {
                        throw new InvalidOperationException($"{call.Name}({arguments})", exception);
                    }

                    ulong Pick() => random.Next(4) == 0 ? (ulong)random.Next(8) : addresses[random.Next(addresses.Length)];
                }
            }
        });
    }

    [Fact]
    public void PointersToNowhereAreEfault()
    {
        (string Name, ulong[] Arguments)[] cases =
        [
            ("rt_sigaction", [10, 0x10, 0, 8]), ("rt_sigprocmask", [0, 0x10, 0, 8]), ("nanosleep", [0x10, 0]), ("clock_gettime", [0, 0x10]),
            ("gettimeofday", [0x10, 0]), ("uname", [0x10]), ("sysinfo", [0x10]), ("getrusage", [0, 0x10]), ("getrlimit", [3, 0x10]), ("times", [0x10]),
            ("getrandom", [0x10, 8, 0]), ("sigaltstack", [0x10, 0]), ("setitimer", [0, 0x10, 0]), ("timer_create", [0, 0, 0x10]), ("getresuid", [0x10, 0x10, 0x10]),
            ("prctl", [15, 0x10]), ("capget", [0x10, 0]), ("sched_getaffinity", [0, 8, 0x10]), ("rt_sigpending", [0x10, 8]), ("getcpu", [0x10, 0, 0]),
            ("arch_prctl", [0x1003, 0x10]), ("prlimit64", [0, 3, 0x10, 0]), ("time", [0x10]), ("rt_sigtimedwait", [0x10, 0, 0, 8]), ("rt_sigsuspend", [0x10, 8]),
        ];
        using var world = new GuestWorld();
        world.Inside(thread => Assert.All(cases, test =>
        {
            var call = world.Kernel.Syscalls.All.Single(call => call.Name == test.Name);
            var words = test.Arguments.Concat(new ulong[6]).ToArray();
            var arguments = new SyscallArguments(words[0], words[1], words[2], words[3], words[4], words[5]);
            var result = call.Immediate is { } immediate ? immediate(thread, arguments) : call.Handler!(thread, arguments).Result;
            Assert.True(result == Errno.EFAULT.ToResult(), $"{test.Name} gave {result}");
        }));
    }

    private static ulong ElfAddress => Loading.ElfFile.CodeAddress;

    // A call that sleeps is interrupted as often as it wants to sleep again.
    private static void Finish(GuestThread thread, ValueTask<long> work)
    {
        for (var tries = 0; !work.IsCompleted; tries++)
        {
            Assert.True(tries < 100, "the call sleeps for ever");
            thread.Sleep.End(WakeReason.Interrupted);
            thread.Sleep.Resume();
        }

        _ = work.Result;
        thread.Call.KeepsRegisters = false;
        thread.SignalMask = default;
        thread.MaskToRestore = null;
        Assert.False(thread.IsDoomed);
    }
}
