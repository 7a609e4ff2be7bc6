using System.Buffers.Binary;
using Quire.Hardware.Cpu;
using Quire.Hardware.Memory;
using Quire.Hardware.Translation;
using Quire.Kernel.Files;
using Quire.Kernel.Files.Layers;
using Quire.Kernel.Files.Walk;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Tests.Loading;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Processes;

/// <summary>A whole machine for one program: RAM, CPUs, kernel and an empty file system in frames. Memory is audited at the end.</summary>
internal sealed class GuestWorld : IDisposable
{
    private readonly PhysicalMemory _physical;
    private readonly CodeCache _code;
    private readonly Processor[] _processors;
    private readonly PrintedWords _printed;

    public GuestWorld(KernelOptions? options = null, int ramMiB = 16)
    {
        options ??= new KernelOptions();
        _physical = new PhysicalMemory(ByteSize.FromMiB((ulong)ramMiB));
        _code = new CodeCache(_physical);
        _processors = [.. Enumerable.Range(0, options.CpuCount).Select(_ => new Processor(_physical, TlbOptions.Off, _code))];
        Memory = new KernelMemory(
            _physical,
            new KernelMemoryOptions { Cpus = options.CpuCount, Poisoning = FramePoisoning.On },
            [.. _processors.Select(processor => processor.Mmu)]);
        Kernel = new GuestKernel(options, Memory, _processors, TimeProvider.System) { TraceOutput = Trace };
        Kernel.Files = new FileSystem(LayeredFileSystem.InFrames(Memory, Now, device: 1), Memory, Now);
        _printed = new PrintedWords(Kernel.Files);
    }

    public KernelMemory Memory { get; }

    public GuestKernel Kernel { get; }

    public StringWriter Trace { get; } = new();

    /// <summary>What the program printed, word by word.</summary>
    public IReadOnlyList<long> Printed => _printed.Words;

    public Credentials Credentials { get; init; } = Credentials.Of(1000, 1000, []);

    /// <summary>Makes an executable file.</summary>
    public void AddFile(string path, byte[] contents, uint permissions = 0x1ED)
    {
        var caller = new FileCaller(new FileSystemContext(Kernel.Files.Root, Kernel.Files.Root) { Umask = 0 }, new Credentials(), Thread: null);
        Assert.Equal(Errno.None, Kernel.Files.Open(caller, Kernel.Files.Root, path, OpenFlags.Create | OpenFlags.ReadWrite, permissions, out var file));
        Assert.Equal(contents.Length, file!.Pages!.WriteBytes(0, contents));
        file.Release();
    }

    public void AddProgram(string path, Action<Guest> write)
    {
        var guest = new Guest();
        write(guest);
        AddFile(path, ElfFile.Program(guest.Assemble(ElfFile.CodeAddress)));
    }

    /// <summary>Runs a program to the end of all processes.</summary>
    public RunOutcome Run(Action<Guest> write)
    {
        AddProgram("/program", write);
        return RunFile("/program");
    }

    public RunOutcome RunFile(string path, params string[] arguments)
    {
        var descriptors = new DescriptorTable();
        Assert.Equal(0, descriptors.Allocate(_printed.Open(), DescriptorMode.KeepOnExec, 1024));
        Assert.Equal(1, descriptors.Allocate(_printed.Open(), DescriptorMode.KeepOnExec, 1024));
        return Kernel.Run(new ProgramStart
        {
            Path = path,
            Arguments = [path, .. arguments],
            Environment = ["HOME=/"],
            Descriptors = descriptors,
            FileContext = new FileSystemContext(Kernel.Files.Root, Kernel.Files.Root),
            Credentials = Credentials,
        });
    }

    /// <summary>Runs the test's own code as the kernel, on behalf of a thread that is inside a system call.</summary>
    public void Inside(Action<GuestThread> work)
    {
        const int number = 511;
        Exception? failure = null;
        Kernel.Syscalls.AddImmediate(number, "test", "", (thread, _) =>
        {
            try
            {
                work(thread);
            }
            catch (Exception exception)
            {
                failure = exception;
            }

            // Whatever the work did to the space, the thread cannot go on in it.
            thread.Process.End(ExitStatus.Exited(0));
            return 0;
        });
        Run(guest => guest.Call(number));
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>Runs a program that must end with exit code 0; gives what it printed.</summary>
    public IReadOnlyList<long> Print(Action<Guest> write)
    {
        var outcome = Run(write);
        Assert.Equal(RunEnd.Finished, outcome.End);
        Assert.Equal(0, outcome.Status.ShellCode);
        return Printed;
    }

    public void Dispose()
    {
        Memory.Audit();
        Memory.Dispose();
        foreach (var processor in _processors)
        {
            processor.Dispose();
        }

        _code.Dispose();
        _physical.Dispose();
    }

    private static Timestamp Now() => new(1_700_000_000, 0);

    private sealed class PrintedWords(FileSystem files)
    {
        public List<long> Words { get; } = [];

        public OpenFile Open()
        {
            var inode = new AnonymousInode(files.Anonymous, new NewInode(FileType.CharacterDevice, 0x1B6, 0, 0), 1, Now);
            return new Sink(files.Anonymous.Place("printed", inode), Words);
        }
    }

    private sealed class Sink(FileLocation location, List<long> words) : OpenFile(location, OpenFlags.ReadWrite)
    {
        public override ValueTask<long> Read(GuestThread thread, UserBuffer buffer, long? offset) => new(0);

        public override ValueTask<long> Write(GuestThread thread, UserBuffer buffer, long? offset)
        {
            Span<byte> bytes = stackalloc byte[sizeof(long)];
            bytes.Clear();
            var copied = buffer.CopyFromGuest(bytes);
            words.Add(BinaryPrimitives.ReadInt64LittleEndian(bytes));
            return new(copied);
        }
    }
}
