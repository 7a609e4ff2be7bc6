using System.Buffers.Binary;
using System.Text;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Kernel.Syscalls;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

/// <summary>A process as its system calls see it: arguments go through its own memory.</summary>
internal sealed class Guest
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int Truncate = 0x200;
    public const int Append = 0x400;
    public const int NonBlocking = 0x800;
    public const int DirectoryOnly = 0x10000;
    public const int NoFollow = 0x20000;
    public const int Temporary = 0x410000;
    public const ulong Here = unchecked((ulong)-100L);

    private const ulong ScratchBytes = 1 << 20;

    private readonly FileWorld _world;
    private readonly VirtualAddress _scratch;
    private ulong _used;

    public Guest(FileWorld world, GuestThread thread)
    {
        _world = world;
        Thread = thread;
        var mapped = thread.Process.Space.Map(new MapRequest(default, ScratchBytes, Protection.Read | Protection.Write, MapFlags.Private | MapFlags.Anonymous));
        Assert.True(mapped > 0);
        _scratch = new VirtualAddress((ulong)mapped);
    }

    public GuestThread Thread { get; }

    public GuestProcess Process => Thread.Process;

    public AddressSpace Space => Process.Space;

    /// <summary>Starts a call; it may be asleep when this returns.</summary>
    public RunningCall Begin(int number, params ulong[] arguments)
    {
        Array.Resize(ref arguments, 6);
        var call = _world.Kernel.Syscalls.Find((ulong)number) ?? throw new InvalidOperationException($"no system call {number}");
        var all = new SyscallArguments(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
        return new RunningCall(call.Immediate is { } immediate ? new ValueTask<long>(immediate(Thread, all)) : call.Handler!(Thread, all));
    }

    /// <summary>A call that ends by itself.</summary>
    public long Call(int number, params ulong[] arguments)
    {
        var call = Begin(number, arguments);
        _world.Settle();
        Assert.True(call.IsCompleted, $"system call {number} sleeps");
        return call.Result;
    }

    public void Fails(Errno error, int number, params ulong[] arguments) => Assert.Equal(error, ErrorOf(Call(number, arguments)));

    public static Errno ErrorOf(long result) => result < 0 ? (Errno)(-result) : Errno.None;

    public static long Succeed(long result)
    {
        Assert.True(result >= 0, $"{(Errno)(-result)}");
        return result;
    }

    /// <summary>Puts bytes into the guest's memory.</summary>
    public ulong Put(ReadOnlySpan<byte> bytes)
    {
        var address = Reserve(bytes.Length);
        Assert.Equal(bytes.Length, Space.CopyToGuest(new VirtualAddress(address), bytes));
        return address;
    }

    public ulong Text(string text) => Put(Encoding.Latin1.GetBytes(text + "\0"));

    /// <summary>Room in the guest's memory; old contents are reused round and round.</summary>
    public ulong Reserve(int bytes)
    {
        if (_used + (ulong)bytes > ScratchBytes)
        {
            _used = 0;
        }

        var address = _scratch.Value + _used;
        _used += ((ulong)bytes + 15) & ~15UL;
        return address;
    }

    public byte[] Get(ulong address, int count)
    {
        var bytes = new byte[count];
        Assert.Equal(count, Space.CopyFromGuest(new VirtualAddress(address), bytes));
        return bytes;
    }

    public long Open(string path, int flags = ReadOnly, uint mode = 0x1B6) => Call(2, Text(path), (ulong)flags, mode);

    public long Close(long descriptor) => Call(3, (ulong)descriptor);

    public byte[] ReadBytes(long descriptor, int count)
    {
        var address = Reserve(count);
        var done = Succeed(Call(0, (ulong)descriptor, address, (ulong)count));
        return Get(address, (int)done);
    }

    public string Read(long descriptor, int count = 65536) => Encoding.Latin1.GetString(ReadBytes(descriptor, count));

    public long Write(long descriptor, string text)
    {
        var address = Put(Encoding.Latin1.GetBytes(text));
        return Call(1, (ulong)descriptor, address, (ulong)text.Length);
    }

    public string ReadFile(string path)
    {
        var descriptor = Succeed(Open(path));
        var text = new StringBuilder();
        string part;
        while ((part = Read(descriptor)).Length > 0)
        {
            text.Append(part);
        }

        Close(descriptor);
        return text.ToString();
    }

    public void WriteFile(string path, string text)
    {
        var descriptor = Succeed(Open(path, WriteOnly | Create | Truncate));
        Assert.Equal(text.Length, Write(descriptor, text));
        Close(descriptor);
    }

    public GuestStatus Stat(string path) => StatWith(4, Text(path));

    public GuestStatus LinkStat(string path) => StatWith(6, Text(path));

    public GuestStatus FileStat(long descriptor) => StatWith(5, (ulong)descriptor);

    public Errno StatError(string path) => ErrorOf(Call(4, Text(path), Reserve(144)));

    public List<string> List(string path)
    {
        var descriptor = Succeed(Open(path, DirectoryOnly));
        var names = new List<string>();
        var buffer = Reserve(4096);
        long length;
        while ((length = Succeed(Call(217, (ulong)descriptor, buffer, 4096))) > 0)
        {
            var records = Get(buffer, (int)length).AsSpan();
            while (!records.IsEmpty)
            {
                var size = BinaryPrimitives.ReadUInt16LittleEndian(records[16..]);
                var name = records[19..size];
                names.Add(Encoding.Latin1.GetString(name[..name.IndexOf((byte)0)]));
                records = records[size..];
            }
        }

        Close(descriptor);
        return names;
    }

    private GuestStatus StatWith(int number, ulong argument)
    {
        var address = Reserve(144);
        Succeed(Call(number, argument, address));
        var bytes = Get(address, 144);
        return new GuestStatus(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8)),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(16)),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(24)),
            BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(48)),
            BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(64)),
            BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(88)));
    }
}

/// <summary>A system call that was begun: asleep in the kernel, or done.</summary>
internal sealed class RunningCall(ValueTask<long> call)
{
    private readonly Task<long> _call = call.AsTask();

    public bool IsCompleted => _call.IsCompleted;

    public long Result => _call.IsCompleted ? _call.GetAwaiter().GetResult() : throw new InvalidOperationException("the call sleeps");
}

/// <summary>The fields of struct stat that tests look at.</summary>
internal sealed record GuestStatus(ulong Device, ulong Number, ulong Links, uint Mode, long Size, long Blocks, long ModifySeconds);
