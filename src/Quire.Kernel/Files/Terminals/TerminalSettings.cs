using System.Buffers.Binary;

namespace Quire.Kernel.Files.Terminals;

/// <summary>The kernel's struct termios (asm-generic/termbits.h): four flag words, the line, 19 control characters. 36 bytes.</summary>
public sealed class TerminalSettings
{
    public const int Size = 36;

    /// <summary>struct termios2 adds two speeds.</summary>
    public const int ExtendedSize = 44;

    public const uint StripParity = 0x20;
    public const uint NewlineToReturn = 0x40;
    public const uint IgnoreReturn = 0x80;
    public const uint ReturnToNewline = 0x100;
    public const uint StartStopOutput = 0x400;
    public const uint AnyStarts = 0x800;
    public const uint Utf8 = 0x4000;

    public const uint ProcessOutput = 0x1;
    public const uint NewlineToReturnNewline = 0x4;
    public const uint OutputReturnToNewline = 0x8;
    public const uint NoReturnAtColumnZero = 0x10;
    public const uint NewlineReturns = 0x20;
    public const uint ExpandTabs = 0x1800;

    public const uint Signals = 0x1;
    public const uint Canonical = 0x2;
    public const uint Echo = 0x8;
    public const uint EchoErase = 0x10;
    public const uint EchoKill = 0x20;
    public const uint EchoNewline = 0x40;
    public const uint NoFlush = 0x80;
    public const uint StopBackgroundOutput = 0x100;
    public const uint EchoControl = 0x200;
    public const uint EchoKillErase = 0x800;
    public const uint Extended = 0x8000;

    /// <summary>EXTPROC: whoever reads the master processes the input.</summary>
    public const uint ProcessedOutside = 0x1_0000;

    public const int Interrupt = 0;
    public const int Quit = 1;
    public const int Erase = 2;
    public const int Kill = 3;
    public const int EndOfFile = 4;
    public const int Time = 5;
    public const int Minimum = 6;
    public const int Start = 8;
    public const int Stop = 9;
    public const int Suspend = 10;
    public const int EndOfLine = 11;
    public const int Reprint = 12;
    public const int WordErase = 14;
    public const int LiteralNext = 15;
    public const int EndOfLine2 = 16;

    private readonly byte[] _bytes = new byte[ExtendedSize];

    /// <summary>What a new terminal of Linux has (tty_std_termios): cooked, echoing, 38400 baud.</summary>
    public TerminalSettings()
    {
        Input = ReturnToNewline | StartStopOutput;
        Output = ProcessOutput | NewlineToReturnNewline;
        Control = 0xF | 0x30 | 0x80;
        Local = Signals | Canonical | Echo | EchoErase | EchoKill | EchoControl | EchoKillErase | Extended;
        ReadOnlySpan<byte> characters = [3, 0x1C, 0x7F, 0x15, 4, 0, 1, 0, 0x11, 0x13, 0x1A, 0, 0x12, 0xF, 0x17, 0x16, 0, 0, 0];
        characters.CopyTo(_bytes.AsSpan(17));
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(36), 38400);
        BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(40), 38400);
    }

    public uint Input
    {
        get => Word(0);
        set => SetWord(0, value);
    }

    public uint Output
    {
        get => Word(4);
        set => SetWord(4, value);
    }

    public uint Control
    {
        get => Word(8);
        set => SetWord(8, value);
    }

    public uint Local
    {
        get => Word(12);
        set => SetWord(12, value);
    }

    public ReadOnlySpan<byte> Bytes => _bytes;

    public byte Character(int index) => _bytes[17 + index];

    public bool HasInput(uint flag) => (Input & flag) != 0;

    public bool HasOutput(uint flag) => (Output & flag) != 0;

    public bool HasLocal(uint flag) => (Local & flag) != 0;

    /// <summary>^S and ^Q stop and start output.</summary>
    public bool StopsByKeys => HasInput(StartStopOutput) && Character(Stop) == 0x13 && Character(Start) == 0x11;

    public void Assign(ReadOnlySpan<byte> bytes) => bytes.CopyTo(_bytes);

    private uint Word(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(offset));

    private void SetWord(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(offset), value);
}
