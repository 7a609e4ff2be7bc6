using Quire.Kernel.Processes;
using Quire.Kernel.Tests.Processes;
using Quire.Primitives;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernel.Tests.Scheduling;

/// <summary>Every run ends when it is told to: by a limit, or by one SIGTERM that its program does not heed.</summary>
public sealed class RunEndTests
{
    private const long Word = Guest.Scratch + 128;
    private static readonly VirtualTime Soon = VirtualTime.FromMilliseconds(3);

    [Theory]
    [InlineData("spins")]
    [InlineData("repeats")]
    [InlineData("blocks")]
    [InlineData("stops")]
    [InlineData("waits for a child")]
    public void OneTerminationEndsAProgramThatDoesNotHeedIt(string what)
    {
        using var world = new GuestWorld(new KernelOptions { MaximumTime = new VirtualTime(10_000_000_000) });
        world.Kernel.Clock.At(Soon, () => world.Kernel.Requests.Post(Signal.SIGTERM));
        var outcome = world.Run(guest =>
        {
            switch (what)
            {
                case "repeats":
                    RepeatForEver(guest);
                    break;
                case "blocks":
                    BlockAll(guest);
                    break;
                case "stops":
                    guest.Call(57);
                    guest.IfZero(() => guest.Repeat(int.MaxValue, r15, () => guest.Code.nop()));
                    guest.Call(62, 1, (long)Signal.SIGSTOP);
                    break;
                case "waits for a child":
                    guest.Call(57);
                    guest.IfZero(() =>
                    {
                        guest.Call(112);
                        BlockAll(guest);
                        guest.Repeat(int.MaxValue, r15, () => guest.Code.nop());
                    });
                    guest.Call(61, -1, 0, 0, 0);
                    break;
            }

            guest.Repeat(int.MaxValue, r15, () => guest.Code.nop());
        });
        Assert.Equal((RunEnd.Finished, ExitStatus.Killed(Signal.SIGTERM)), (outcome.End, outcome.Status));
    }

    [Fact]
    public void AProgramThatWaitsForTheTerminationByNameTakesIt()
    {
        using var world = new GuestWorld(new KernelOptions { MaximumTime = new VirtualTime(10_000_000_000) });
        world.Kernel.Clock.At(Soon, () => world.Kernel.Requests.Post(Signal.SIGTERM));
        var outcome = world.Run(guest =>
        {
            BlockAll(guest);
            guest.Repeat(100, r15, () =>
            {
                guest.StoreTime(Word + 64, 0, 1_000_000);
                guest.Call(128, Word, 0, Word + 64, 8);
                guest.Code.cmp(eax, (int)Signal.SIGTERM);
                var other = guest.Code.CreateLabel();
                guest.Code.jne(other);
                guest.Exit(5);
                guest.Code.Label(ref other);
            });
            guest.Exit(1);
        });
        Assert.Equal(ExitStatus.Exited(5), outcome.Status);
    }

    [Fact]
    public void RoundsOfARepeatedInstructionCountAgainstTheLimit()
    {
        using var world = new GuestWorld(new KernelOptions { MaximumInstructions = 100_000 });
        var outcome = world.Run(RepeatForEver);
        Assert.Equal(RunEnd.InstructionLimit, outcome.End);
        Assert.InRange(world.Kernel.Instructions, 1, 1000);
        Assert.InRange(world.Kernel.Clock.Now.Nanoseconds, 50_000, 300_000);
    }

    [Theory]
    [InlineData("spins")]
    [InlineData("sleeps")]
    [InlineData("repeats")]
    public void ALimitOfVirtualTimeEndsTheRunThen(string what)
    {
        var limit = VirtualTime.FromMilliseconds(5);
        using var world = new GuestWorld(new KernelOptions { MaximumTime = limit });
        var outcome = world.Run(guest =>
        {
            if (what == "sleeps")
            {
                guest.StoreTime(Word, 1_000_000, 0);
                guest.Call(35, Word, 0);
            }
            else if (what == "repeats")
            {
                RepeatForEver(guest);
            }

            guest.Repeat(int.MaxValue, r15, () => guest.Code.nop());
        });
        Assert.Equal(RunEnd.TimeLimit, outcome.End);
        Assert.InRange(world.Kernel.Clock.Now.Nanoseconds, limit.Nanoseconds, limit.Nanoseconds + 10_000);
    }

    private static void BlockAll(Guest guest)
    {
        guest.Store(Word, -1);
        guest.Call(14, 2, Word, 0, 8);
    }

    private static void RepeatForEver(Guest guest) => guest.Repeat(int.MaxValue, r15, () =>
    {
        guest.Code.mov(rsi, Guest.Scratch);
        guest.Code.mov(ecx, Guest.ScratchBytes / 2);
        guest.Code.rep.lodsb();
    });
}
