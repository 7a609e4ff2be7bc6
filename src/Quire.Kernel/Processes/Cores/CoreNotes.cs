using System.Buffers.Binary;
using Quire.Hardware.Cpu;
using Quire.Hardware.Cpu.X87;
using Quire.Kernel.Memory;
using Quire.Kernel.Syscalls;
using Quire.Primitives;

namespace Quire.Kernel.Processes.Cores;

/// <summary>
/// The notes of a core file (include/uapi/linux/elf.h, elfcore.h; fs/binfmt_elf.c): of the thread that dumps first, with what is the process's between its
/// registers and its floating-point state, then of the others. No NT_X86_XSTATE: the CPU has no XSAVE.
/// </summary>
internal sealed class CoreNotes
{
    private const uint GeneralState = 1;
    private const uint FloatingPoint = 2;
    private const uint ProcessInformation = 3;
    private const uint AuxiliaryVector = 6;
    private const uint MappedFiles = 0x4649_4C45;
    private const uint SignalInformation = 0x5349_4749;

    private const int StateSize = 336;
    private const int InformationSize = 136;
    private const int NameOffset = 40;
    private const int NameLength = 16;
    private const int ArgumentsOffset = 56;
    private const int ArgumentsLength = 80;

    // struct elf_prstatus.
    private const int TimesOffset = 48;
    private const int RegistersOffset = 112;
    private const int HasFloatingPointOffset = 328;

    // PF_SIGNALED, PF_DUMPCORE.
    private const ulong ProcessFlags = 0x600;
    private const ulong UserCode = 0x33;
    private const ulong UserData = 0x2B;

    private static readonly byte[] Owner = [(byte)'C', (byte)'O', (byte)'R', (byte)'E', 0, 0, 0, 0];

    // struct user_regs_struct up to the original RAX.
    private static ReadOnlySpan<GeneralRegister> FirstRegisters =>
    [
        GeneralRegister.R15, GeneralRegister.R14, GeneralRegister.R13, GeneralRegister.R12, GeneralRegister.Rbp, GeneralRegister.Rbx,
        GeneralRegister.R11, GeneralRegister.R10, GeneralRegister.R9, GeneralRegister.R8, GeneralRegister.Rax, GeneralRegister.Rcx,
        GeneralRegister.Rdx, GeneralRegister.Rsi, GeneralRegister.Rdi,
    ];

    private readonly MemoryStream _bytes = new();

    public static byte[] Of(GuestThread dumping, in SignalInfo info, IReadOnlyList<RegionView> regions)
    {
        var process = dumping.Process;
        var notes = new CoreNotes();
        notes.Add(GeneralState, StateOf(dumping, info));
        notes.Add(ProcessInformation, Describe(process, dumping));
        var signal = new byte[SignalInfo.Size];
        info.Encode(signal);
        notes.Add(SignalInformation, signal);
        notes.Add(AuxiliaryVector, process.Space.Spans.AuxiliaryVector.ToArray());
        if (ListFiles(regions) is { } files)
        {
            notes.Add(MappedFiles, files);
        }

        notes.Add(FloatingPoint, FloatingPointOf(dumping));
        foreach (var thread in process.Threads.Where(thread => thread != dumping))
        {
            notes.Add(GeneralState, StateOf(thread, info));
            notes.Add(FloatingPoint, FloatingPointOf(thread));
        }

        return notes._bytes.ToArray();
    }

    private void Add(uint type, byte[] description)
    {
        Span<byte> header = stackalloc byte[12];
        BinaryPrimitives.WriteUInt32LittleEndian(header, 5);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], description.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], type);
        _bytes.Write(header);
        _bytes.Write(Owner);
        _bytes.Write(description);
        _bytes.Write(new byte[-description.Length & 3]);
    }

    private static byte[] StateOf(GuestThread thread, in SignalInfo info)
    {
        var process = thread.Process;
        var state = new byte[StateSize];
        BinaryPrimitives.WriteInt32LittleEndian(state, (int)info.Signal);
        BinaryPrimitives.WriteInt16LittleEndian(state.AsSpan(12), (short)info.Signal);
        BinaryPrimitives.WriteUInt64LittleEndian(state.AsSpan(16), thread.Pending.Set.Bits);
        BinaryPrimitives.WriteUInt64LittleEndian(state.AsSpan(24), thread.SignalMask.Bits);
        BinaryPrimitives.WriteInt32LittleEndian(state.AsSpan(32), thread.ThreadId);
        BinaryPrimitives.WriteInt32LittleEndian(state.AsSpan(36), process.ParentId);
        BinaryPrimitives.WriteInt32LittleEndian(state.AsSpan(40), process.GroupId);
        BinaryPrimitives.WriteInt32LittleEndian(state.AsSpan(44), process.Session.SessionId);

        // The first thread stands for the whole process.
        var usage = thread.ThreadId == process.ProcessId ? process.Usage() : thread.Usage;
        VirtualTime[] times = [usage.User, usage.System, process.ChildrenUsage.User, process.ChildrenUsage.System];
        for (var index = 0; index < times.Length; index++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(state.AsSpan(TimesOffset + (index * 16)), times[index].Nanoseconds / 1_000_000_000);
            BinaryPrimitives.WriteInt64LittleEndian(state.AsSpan(TimesOffset + (index * 16) + 8), times[index].Nanoseconds / 1000 % 1_000_000);
        }

        WriteRegisters(thread, state.AsSpan(RegistersOffset));
        BinaryPrimitives.WriteInt32LittleEndian(state.AsSpan(HasFloatingPointOffset), 1);
        return state;
    }

    private static void WriteRegisters(GuestThread thread, Span<byte> target)
    {
        ref var registers = ref thread.Registers;
        Span<ulong> values = stackalloc ulong[27];
        values.Clear();
        for (var index = 0; index < FirstRegisters.Length; index++)
        {
            values[index] = registers[FirstRegisters[index]];
        }

        // How an interrupted call ended; one that still waits when the dump begins would end so.
        if (thread.Call.Restart != 0 || thread.Call.IsWaiting)
        {
            values[10] = (ulong)(thread.Call.IsWaiting ? SyscallRestart.IfHandlerAllows : thread.Call.Restart);
        }

        values[15] = (ulong)thread.Call.Number;
        values[16] = registers.Rip;
        values[17] = UserCode;
        values[18] = registers.Flags;
        values[19] = registers[GeneralRegister.Rsp];
        values[20] = UserData;
        values[21] = registers.FsBase;
        values[22] = registers.GsBase;
        for (var index = 0; index < values.Length; index++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(target[(index * 8)..], values[index]);
        }
    }

    private static byte[] FloatingPointOf(GuestThread thread)
    {
        var image = new byte[FxSaveArea.Size];
        FxSaveArea.Write(thread.Registers, image);
        return image;
    }

    // struct elf_prpsinfo.
    private static byte[] Describe(GuestProcess process, GuestThread dumping)
    {
        var information = new byte[InformationSize];
        information[1] = (byte)'R';
        information[3] = (byte)process.Niceness;
        BinaryPrimitives.WriteUInt64LittleEndian(information.AsSpan(8), ProcessFlags);
        BinaryPrimitives.WriteInt32LittleEndian(information.AsSpan(16), process.Credentials.RealUserId);
        BinaryPrimitives.WriteInt32LittleEndian(information.AsSpan(20), process.Credentials.RealGroupId);
        BinaryPrimitives.WriteInt32LittleEndian(information.AsSpan(24), process.ProcessId);
        BinaryPrimitives.WriteInt32LittleEndian(information.AsSpan(28), process.ParentId);
        BinaryPrimitives.WriteInt32LittleEndian(information.AsSpan(32), process.GroupId);
        BinaryPrimitives.WriteInt32LittleEndian(information.AsSpan(36), process.Session.SessionId);
        var name = GuestText.Encode(dumping.Name);
        name.AsSpan(0, Math.Min(name.Length, NameLength - 1)).CopyTo(information.AsSpan(NameOffset));

        var arguments = process.Space.Spans.Arguments;
        var shown = information.AsSpan(ArgumentsOffset, (int)Math.Min(arguments.Length, ArgumentsLength - 1));
        process.Space.CopyFromGuest(arguments.Start, shown);
        shown.Replace((byte)0, (byte)' ');
        return information;
    }

    // NT_FILE: count, page size, {start, end, offset in pages} of each, then the names.
    private static byte[]? ListFiles(IReadOnlyList<RegionView> regions)
    {
        var mapped = regions.Where(region => region.File is not null).ToList();
        if (mapped.Count == 0)
        {
            return null;
        }

        var list = new MemoryStream();
        var writer = new BinaryWriter(list);
        writer.Write((ulong)mapped.Count);
        writer.Write((ulong)Page.Size);
        foreach (var region in mapped)
        {
            writer.Write(region.Range.Start.Value);
            writer.Write(region.Range.End.Value);
            writer.Write(region.Offset >> Page.Shift);
        }

        foreach (var region in mapped)
        {
            writer.Write(GuestText.Encode(region.Name));
            writer.Write((byte)0);
        }

        return list.ToArray();
    }
}
