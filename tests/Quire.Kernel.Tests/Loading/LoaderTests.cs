using Quire.Kernel.Processes;
using Quire.Kernel.Tests.Processes;
using Quire.Primitives;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Kernel.Tests.Loading;

public class LoaderTests
{
    [Fact]
    public void StackHoldsArgumentsEnvironmentAndAuxiliaryVector()
    {
        using var world = new GuestWorld();
        world.AddProgram("/program", guest =>
        {
            // argc; first byte of argv[1]; NULL after argv; first byte of envp[0].
            guest.Code.mov(r12, rsp);
            guest.Code.mov(rax, __qword_ptr[r12]);
            guest.Print();
            guest.Code.mov(rax, __qword_ptr[r12 + 16]);
            guest.Code.movzx(eax, __byte_ptr[rax]);
            guest.Print();
            guest.Code.mov(rax, __qword_ptr[r12 + 32]);
            guest.Print();
            guest.Code.mov(rax, __qword_ptr[r12 + 40]);
            guest.Code.movzx(eax, __byte_ptr[rax]);
            guest.Print();
            guest.Code.mov(rax, r12);
            guest.Code.and(rax, 15);
            guest.Print();

            // Beyond envp's NULL: look for AT_PAGESZ and AT_ENTRY.
            guest.Code.lea(r13, __qword_ptr[r12 + 56]);
            guest.Repeat(16, r14, () =>
            {
                guest.Code.mov(rax, __qword_ptr[r13]);
                guest.Code.sub(rax, 6);
                guest.IfZero(() =>
                {
                    guest.Code.mov(rax, __qword_ptr[r13 + 8]);
                    guest.Print();
                });
                guest.Code.mov(rax, __qword_ptr[r13]);
                guest.Code.sub(rax, 9);
                guest.IfZero(() =>
                {
                    guest.Code.mov(rax, __qword_ptr[r13 + 8]);
                    guest.Print();
                });
                guest.Code.add(r13, 16);
            });
            guest.Exit(0);
        });
        Assert.Equal(0, world.RunFile("/program", "xyz", "q").Status.ShellCode);
        Assert.Equal([3, 'x', 0, 'H', 0, Page.Size, (long)ElfFile.CodeAddress], world.Printed);
    }

    [Fact]
    public void BytesBehindTheFilePartOfASegmentAreZero()
    {
        using var world = new GuestWorld();
        var guest = new Guest();
        guest.PrintWordAt((long)ElfFile.CodeAddress + 0x1_0010);
        guest.PrintWordAt((long)ElfFile.CodeAddress + 0x1_0018);
        guest.PrintWordAt((long)ElfFile.CodeAddress + 0x1_3000);
        guest.Exit(0);
        var code = guest.Assemble(ElfFile.CodeAddress);
        var bytes = new byte[0x3000];
        bytes.AsSpan(0x2000).Fill(0xEE);
        ElfFile.WriteHeader(bytes, 2, ElfFile.CodeAddress,
        [
            new ElfPart(ElfPart.Load, ElfPart.ReadExecute, 0x1000, ElfFile.CodeAddress, (ulong)code.Length, (ulong)code.Length),
            new ElfPart(ElfPart.Load, ElfPart.ReadWrite, 0x2010, ElfFile.CodeAddress + 0x1_0010, 8, 0x4000),
            new ElfPart(ElfPart.Load, ElfPart.ReadWrite, 0, Guest.Scratch, 0, Guest.ScratchBytes),
        ]);
        code.CopyTo(bytes, 0x1000);
        world.AddFile("/program", bytes);
        Assert.Equal(0, world.RunFile("/program").Status.ShellCode);
        Assert.Equal([unchecked((long)0xEEEE_EEEE_EEEE_EEEE), 0, 0], world.Printed);
    }

    [Fact]
    public void DynamicProgramStartsInItsInterpreter()
    {
        using var world = new GuestWorld();
        AddInterpreter(world, "/ld");
        world.AddFile("/program", WithInterpreter("/ld\0"u8));
        Assert.Equal(11, world.RunFile("/program").Status.ShellCode);
    }

    [Theory]
    [InlineData("/ld", Errno.ENOEXEC)]
    [InlineData("/missing\0", Errno.ENOENT)]
    [InlineData("/text\0", Errno.ELIBBAD)]
    public void BadInterpreterIsAnError(string path, Errno error)
    {
        using var world = new GuestWorld();
        AddInterpreter(world, "/ld");
        world.AddFile("/text", new byte[100]);
        world.AddFile("/program", WithInterpreter(GuestText.Encode(path)));
        var outcome = world.RunFile("/program");
        Assert.Equal((RunEnd.NotStarted, error), (outcome.End, outcome.Error));
    }

    public static TheoryData<string, Errno> BrokenHeaders => new()
    {
        { "magic", Errno.ENOEXEC },
        { "class", Errno.ENOEXEC },
        { "machine", Errno.ENOEXEC },
        { "type", Errno.ENOEXEC },
        { "entry size", Errno.ENOEXEC },
        { "no headers", Errno.ENOEXEC },
        { "headers outside", Errno.EIO },
        { "file size above memory size", Errno.EINVAL },
        { "address outside", Errno.EINVAL },
        { "misaligned", Errno.EINVAL },
        { "empty", Errno.ENOEXEC },
    };

    [Theory]
    [MemberData(nameof(BrokenHeaders))]
    public void BrokenFileIsAnErrorAsLinuxGivesIt(string what, Errno error)
    {
        using var world = new GuestWorld();
        var bytes = ElfFile.Program([0x90]);
        switch (what)
        {
            case "magic":
                bytes[0] = 0;
                break;
            case "class":
                bytes[4] = 1;
                break;
            case "machine":
                bytes[18] = 40;
                break;
            case "type":
                bytes[16] = 4;
                break;
            case "entry size":
                bytes[54] = 32;
                break;
            case "no headers":
                bytes[56] = 0;
                break;
            case "headers outside":
                bytes[34] = 0xFF;
                break;
            case "file size above memory size":
                bytes[64 + 32 + 2] = 1;
                break;
            case "address outside":
                bytes[64 + 16 + 7] = 0x80;
                break;
            case "misaligned":
                bytes[64 + 8] = 1;
                break;
            default:
                bytes = [];
                break;
        }

        world.AddFile("/program", bytes);
        var outcome = world.RunFile("/program");
        Assert.Equal((RunEnd.NotStarted, error), (outcome.End, outcome.Error));
    }

    [Fact]
    public void TruncatedProgramDiesOfSigbusWhereItsFileEnds()
    {
        using var world = new GuestWorld();
        var bytes = ElfFile.Program(new byte[0x3000]);
        world.AddFile("/program", bytes[..0x1000]);
        Assert.Equal(ExitStatus.Killed(Signal.SIGBUS), world.RunFile("/program").Status);
    }

    [Fact]
    public void MutatedHeadersNeverBreakTheKernel()
    {
        var rounds = Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") is null ? 300 : 10_000;
        var random = new Random(4711);
        var guest = new Guest();
        guest.Exit(3);
        var program = ElfFile.Program(guest.Assemble(ElfFile.CodeAddress));
        for (var round = 0; round < rounds; round++)
        {
            using var world = new GuestWorld(new KernelOptions { MaximumInstructions = 100_000 });
            var bytes = (byte[])program.Clone();
            for (var change = random.Next(1, 6); change > 0; change--)
            {
                bytes[random.Next(64 + (2 * 56))] = random.Next(3) switch { 0 => 0, 1 => 0xFF, _ => (byte)random.Next(256) };
            }

            world.AddFile("/program", random.Next(8) == 0 ? bytes[..random.Next(bytes.Length)] : bytes);
            var outcome = world.RunFile("/program");
            Assert.NotEqual(RunEnd.Deadlock, outcome.End);
        }
    }

    private static void AddInterpreter(GuestWorld world, string path)
    {
        // Position-independent: it is mapped wherever there is room.
        var guest = new Guest();
        guest.Exit(11);
        var code = guest.Assemble(0);
        var bytes = new byte[0x1000 + code.Length];
        ElfFile.WriteHeader(bytes, 3, 0x1000, [new ElfPart(ElfPart.Load, ElfPart.ReadExecute, 0x1000, 0x1000, (ulong)code.Length, (ulong)code.Length)]);
        code.CopyTo(bytes, 0x1000);
        world.AddFile(path, bytes);
    }

    private static byte[] WithInterpreter(ReadOnlySpan<byte> path)
    {
        var bytes = new byte[0x2000];
        ElfFile.WriteHeader(bytes, 3, 0x1000,
        [
            new ElfPart(ElfPart.Interpreter, 4, 0x400, 0x400, (ulong)path.Length, (ulong)path.Length),
            new ElfPart(ElfPart.Load, ElfPart.ReadExecute, 0, 0, 0x2000, 0x2000),
        ]);
        path.CopyTo(bytes.AsSpan(0x400));
        return bytes;
    }
}
