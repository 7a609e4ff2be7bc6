using System.Text;
using Quire.Kernel.Processes;
using Quire.Primitives;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernel.Tests.Processes;

public class ExecuteTests
{
    private const long Word = Guest.Scratch;

    [Fact]
    public void ScriptRunsItsInterpreterWithLineArgumentAndPath()
    {
        using var world = new GuestWorld();
        world.AddProgram("/interpreter", PrintArguments);
        world.AddFile("/script", Encoding.ASCII.GetBytes("#! /interpreter  one argument \nbody\n"));
        Assert.Equal(4, world.RunFile("/script", "last").Status.ShellCode);
        Assert.Equal(["/interpreter"[1], 'o', "/script"[1], 'l'], world.Printed.Select(word => (char)word));
    }

    [Fact]
    public void ScriptsOfScriptsWorkFourDeepAndThenFail()
    {
        using var world = new GuestWorld();
        world.AddProgram("/s0", PrintArguments);
        for (var depth = 1; depth <= 6; depth++)
        {
            world.AddFile($"/s{depth}", Encoding.ASCII.GetBytes($"#!/s{depth - 1}\n"));
        }

        Assert.Equal(6, world.RunFile("/s5").Status.ShellCode);
        using var deeper = new GuestWorld();
        deeper.AddProgram("/s0", PrintArguments);
        for (var depth = 1; depth <= 6; depth++)
        {
            deeper.AddFile($"/s{depth}", Encoding.ASCII.GetBytes($"#!/s{depth - 1}\n"));
        }

        Assert.Equal(Errno.ELOOP, deeper.RunFile("/s6").Error);
    }

    [Theory]
    [InlineData("#!\n")]
    [InlineData("#!   \t\n")]
    [InlineData("plain text\n")]
    public void TextWithoutAnInterpreterIsEnoexec(string text)
    {
        using var world = new GuestWorld();
        world.AddFile("/script", Encoding.ASCII.GetBytes(text));
        Assert.Equal(Errno.ENOEXEC, world.RunFile("/script").Error);
    }

    [Fact]
    public void MissingFileDirectoryAndForbiddenFileAreTheirErrors()
    {
        using var world = new GuestWorld();
        world.AddFile("/readable", [1, 2, 3], 0x1A4);
        Assert.Equal(Errno.ENOENT, world.RunFile("/missing").Error);
        Assert.Equal(Errno.EACCES, world.RunFile("/").Error);
        Assert.Equal(Errno.EACCES, world.RunFile("/readable").Error);
        Assert.Equal(Errno.ENOTDIR, world.RunFile("/readable/x").Error);
    }

    [Fact]
    public void ExecveResetsHandlersKeepsIgnoredSignalsAndClosesMarkedDescriptors()
    {
        using var world = new GuestWorld();
        world.AddProgram("/next", guest =>
        {
            guest.Call(13, (long)Signal.SIGUSR1, 0, Word, 8);
            guest.PrintWordAt(Word);
            guest.Call(13, (long)Signal.SIGUSR2, 0, Word, 8);
            guest.PrintWordAt(Word);
            guest.Call(3, 5);
            guest.Print();
            guest.Exit(0);
        });
        var printed = world.Print(guest =>
        {
            guest.Handle(Signal.SIGUSR1, SignalActionFlags.None, () => guest.Code.nop());
            guest.SetAction(Signal.SIGUSR2, (long)SignalAction.Ignore, SignalActionFlags.None, 0);
            guest.Call(292, 1, 5, 0x80000);
            guest.Call(59, guest.Text("/next"), 0, 0);
            guest.Exit(1);
        });
        Assert.Equal([(long)SignalAction.Default, (long)SignalAction.Ignore, Errno.EBADF.ToResult()], printed);
    }

    [Fact]
    public void FailedExecveLeavesTheOldProgramRunning()
    {
        using var world = new GuestWorld();
        world.AddFile("/broken", new byte[64]);
        var printed = world.Print(guest =>
        {
            guest.Call(59, guest.Text("/broken"), 0, 0);
            guest.Print();
            guest.Call(59, guest.Text("/missing"), 0, 0);
            guest.Print();
            guest.Call(59, 16, 0, 0);
            guest.Print();
            guest.Call(59, guest.Text("/broken"), 16, 0);
            guest.Print();
            guest.Exit(0);
        });
        Errno[] expected = [Errno.ENOEXEC, Errno.ENOENT, Errno.EFAULT, Errno.EFAULT];
        Assert.Equal(expected.Select(error => error.ToResult()), printed);
    }

    [Fact]
    public void TooLongArgumentsAreE2big()
    {
        using var world = new GuestWorld();
        world.AddProgram("/program", PrintArguments);
        Assert.Equal(Errno.E2BIG, world.RunFile("/program", new string('x', 131_072)).Error);
        using var second = new GuestWorld();
        second.AddProgram("/program", PrintArguments);
        Assert.Equal(Errno.E2BIG, second.RunFile("/program", [.. Enumerable.Repeat(new string('x', 100_000), 21)]).Error);
    }

    // Prints the second character of each argument; exits with their number.
    private static void PrintArguments(Guest guest)
    {
        guest.Code.mov(r12, __qword_ptr[rsp]);
        guest.Code.mov(r14, r12);
        guest.Code.lea(r13, __qword_ptr[rsp + 8]);
        var next = guest.Code.CreateLabel();
        guest.Code.Label(ref next);
        guest.Code.mov(rax, __qword_ptr[r13]);
        guest.Code.mov(cl, __byte_ptr[rax]);
        guest.Code.cmp(cl, (sbyte)'/');
        var letter = guest.Code.CreateLabel();
        guest.Code.jne(letter);
        guest.Code.inc(rax);
        guest.Code.Label(ref letter);
        guest.Code.movzx(eax, __byte_ptr[rax]);
        guest.Print();
        guest.Code.add(r13, 8);
        guest.Code.dec(r12);
        guest.Code.jne(next);
        guest.Exit(r14);
    }
}
