using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files.Terminals;

/// <summary>
/// What stands between the line and the program (Linux, drivers/tty/n_tty.c): editing of lines in canonical mode, echo, the keys that send
/// signals, and the processing of output.
/// </summary>
public sealed class LineDiscipline
{
    private const int InputLimit = 4096;
    private const byte Delete = 0x7F;

    private readonly List<byte> _line = [];
    private readonly Queue<byte> _ready = new();

    // Lines in _ready, each by its length; a length of 0 is an end of file typed on an empty line.
    private readonly Queue<int> _lines = new();
    private readonly List<byte> _output;
    private bool _literalNext;
    private int _column;

    /// <param name="output">Where processed output and echo go.</param>
    public LineDiscipline(List<byte> output) => _output = output;

    public TerminalSettings Settings { get; } = new();

    /// <summary>Output was halted, with the stop character or by a program (TCOOFF).</summary>
    public bool IsStopped { get; set; }

    public bool HasInput => Settings.HasLocal(TerminalSettings.Canonical) ? _lines.Count > 0 : ReadyBytes >= Math.Max(1, (int)Settings.Character(TerminalSettings.Minimum));

    /// <summary>Bytes that a read could give now.</summary>
    public int ReadyBytes => _ready.Count + (Settings.HasLocal(TerminalSettings.Canonical) ? 0 : _line.Count);

    public bool HasRoom => _ready.Count + _line.Count < InputLimit;

    /// <summary>A byte from the line. Gives the signal that it stands for, or None.</summary>
    public Signal Receive(byte value)
    {
        if (Settings.HasInput(TerminalSettings.StripParity))
        {
            value &= 0x7F;
        }

        if (_literalNext)
        {
            _literalNext = false;
            Append(value);
            return Signal.None;
        }

        var signal = SignalOf(value);
        if (signal != Signal.None)
        {
            if (!Settings.HasLocal(TerminalSettings.NoFlush))
            {
                FlushInput();
            }

            EchoByte(value);
            return signal;
        }

        if (Settings.HasInput(TerminalSettings.StartStopOutput) && (IsCharacter(value, TerminalSettings.Stop) || IsCharacter(value, TerminalSettings.Start)))
        {
            IsStopped = IsCharacter(value, TerminalSettings.Stop);
            return Signal.None;
        }

        if (value == '\r')
        {
            if (Settings.HasInput(TerminalSettings.IgnoreReturn))
            {
                return Signal.None;
            }

            value = Settings.HasInput(TerminalSettings.ReturnToNewline) ? (byte)'\n' : value;
        }
        else if (value == '\n' && Settings.HasInput(TerminalSettings.NewlineToReturn))
        {
            value = (byte)'\r';
        }

        if (Settings.HasLocal(TerminalSettings.Canonical))
        {
            Edit(value);
        }
        else
        {
            Append(value);
        }

        return Signal.None;
    }

    /// <summary>Takes what one read gives: in canonical mode at most one line. Null: nothing yet. Empty: end of file.</summary>
    public byte[]? Take(int wanted)
    {
        if (!Settings.HasLocal(TerminalSettings.Canonical))
        {
            Complete();
            _lines.Clear();
            if (_ready.Count < Math.Max(1, (int)Settings.Character(TerminalSettings.Minimum)) && !IsPolling)
            {
                return null;
            }

            return Dequeue(Math.Min(wanted, _ready.Count));
        }

        if (!_lines.TryPeek(out var length))
        {
            return null;
        }

        var taken = Dequeue(Math.Min(wanted, length));
        _lines.Dequeue();
        if (taken.Length < length)
        {
            RequeueFront(length - taken.Length);
        }

        return taken;
    }

    public void FlushInput()
    {
        _line.Clear();
        _ready.Clear();
        _lines.Clear();
    }

    /// <summary>Settings changed between canonical and raw: what was typed stays readable.</summary>
    public void OnModeChanged()
    {
        if (Settings.HasLocal(TerminalSettings.Canonical))
        {
            if (_ready.Count > 0 && _lines.Count == 0)
            {
                _lines.Enqueue(_ready.Count);
            }
        }
        else
        {
            Complete();
        }
    }

    /// <summary>A byte that a program wrote.</summary>
    public void Send(byte value)
    {
        if (!Settings.HasOutput(TerminalSettings.ProcessOutput))
        {
            _output.Add(value);
            return;
        }

        switch (value)
        {
            case (byte)'\n':
                if (Settings.HasOutput(TerminalSettings.NewlineToReturnNewline))
                {
                    _output.Add((byte)'\r');
                    _column = 0;
                }

                _column = Settings.HasOutput(TerminalSettings.NewlineReturns) ? 0 : _column;
                _output.Add(value);
                break;
            case (byte)'\r':
                if (Settings.HasOutput(TerminalSettings.NoReturnAtColumnZero) && _column == 0)
                {
                    break;
                }

                _column = 0;
                _output.Add(Settings.HasOutput(TerminalSettings.OutputReturnToNewline) ? (byte)'\n' : value);
                break;
            case (byte)'\t':
                SendTab();
                break;
            case (byte)'\b':
                _column = Math.Max(0, _column - 1);
                _output.Add(value);
                break;
            default:
                _column += value >= ' ' && (value & 0xC0) != 0x80 ? 1 : 0;
                _output.Add(value);
                break;
        }
    }

    // MIN = 0: a read returns at once with whatever is there. TIME is taken as 0 then.
    private bool IsPolling => Settings.Character(TerminalSettings.Minimum) == 0;

    private Signal SignalOf(byte value) =>
        !Settings.HasLocal(TerminalSettings.Signals) ? Signal.None
            : IsCharacter(value, TerminalSettings.Interrupt) ? Signal.SIGINT
            : IsCharacter(value, TerminalSettings.Quit) ? Signal.SIGQUIT
            : IsCharacter(value, TerminalSettings.Suspend) ? Signal.SIGTSTP
            : Signal.None;

    // A control character of 0 is switched off.
    private bool IsCharacter(byte value, int index) => Settings.Character(index) is var character and not 0 && character == value;

    private void Edit(byte value)
    {
        if (IsCharacter(value, TerminalSettings.Erase))
        {
            EraseLast();
        }
        else if (IsCharacter(value, TerminalSettings.Kill))
        {
            while (_line.Count > 0)
            {
                EraseLast();
            }
        }
        else if (Settings.HasLocal(TerminalSettings.Extended) && IsCharacter(value, TerminalSettings.WordErase))
        {
            EraseWord();
        }
        else if (Settings.HasLocal(TerminalSettings.Extended) && IsCharacter(value, TerminalSettings.LiteralNext))
        {
            _literalNext = true;
        }
        else if (Settings.HasLocal(TerminalSettings.Extended) && IsCharacter(value, TerminalSettings.Reprint))
        {
            Reprint(value);
        }
        else if (IsCharacter(value, TerminalSettings.EndOfFile))
        {
            Complete();
        }
        else if (value == '\n' || IsCharacter(value, TerminalSettings.EndOfLine) || IsCharacter(value, TerminalSettings.EndOfLine2))
        {
            Append(value);
            Complete();
        }
        else
        {
            Append(value);
        }
    }

    private void Append(byte value)
    {
        if (!HasRoom && value != '\n')
        {
            return;
        }

        _line.Add(value);
        EchoByte(value);
    }

    private void Complete()
    {
        if (!Settings.HasLocal(TerminalSettings.Canonical) && _line.Count == 0)
        {
            return;
        }

        _lines.Enqueue(_line.Count);
        foreach (var value in _line)
        {
            _ready.Enqueue(value);
        }

        _line.Clear();
    }

    private void EchoByte(byte value)
    {
        if (value == '\n' && Settings.HasLocal(TerminalSettings.EchoNewline) && Settings.HasLocal(TerminalSettings.Canonical))
        {
            Send(value);
        }
        else if (!Settings.HasLocal(TerminalSettings.Echo))
        {
            return;
        }
        else if (IsShownWithCaret(value))
        {
            Send((byte)'^');
            Send((byte)(value ^ 0x40));
        }
        else
        {
            Send(value);
        }
    }

    private bool IsShownWithCaret(byte value) =>
        Settings.HasLocal(TerminalSettings.EchoControl) && (value < ' ' && value is not ((byte)'\t' or (byte)'\n') || value == Delete);

    private void EraseLast()
    {
        if (_line.Count == 0)
        {
            return;
        }

        // A UTF-8 character goes as a whole.
        byte value;
        do
        {
            value = _line[^1];
            _line.RemoveAt(_line.Count - 1);
        }
        while (Settings.HasInput(TerminalSettings.Utf8) && (value & 0xC0) == 0x80 && _line.Count > 0);

        if (Settings.HasLocal(TerminalSettings.Echo) && Settings.HasLocal(TerminalSettings.EchoErase))
        {
            for (var i = IsShownWithCaret(value) ? 2 : 1; i > 0; i--)
            {
                Send((byte)'\b');
                Send((byte)' ');
                Send((byte)'\b');
            }
        }
    }

    private void EraseWord()
    {
        while (_line.Count > 0 && _line[^1] == ' ')
        {
            EraseLast();
        }

        while (_line.Count > 0 && _line[^1] != ' ')
        {
            EraseLast();
        }
    }

    private void Reprint(byte value)
    {
        EchoByte(value);
        Send((byte)'\n');
        foreach (var typed in _line)
        {
            EchoByte(typed);
        }
    }

    private void SendTab()
    {
        var width = 8 - (_column & 7);
        _column += width;
        if (!Settings.HasOutput(TerminalSettings.ExpandTabs))
        {
            _output.Add((byte)'\t');
            return;
        }

        for (; width > 0; width--)
        {
            _output.Add((byte)' ');
        }
    }

    private byte[] Dequeue(int count)
    {
        var bytes = new byte[count];
        for (var i = 0; i < count; i++)
        {
            bytes[i] = _ready.Dequeue();
        }

        return bytes;
    }

    private void RequeueFront(int rest)
    {
        var others = _lines.ToArray();
        _lines.Clear();
        _lines.Enqueue(rest);
        foreach (var length in others)
        {
            _lines.Enqueue(length);
        }
    }
}
