using Quire.Kernel.Files;
using Quire.Primitives;

namespace Quire.Kernel.Loading;

/// <summary>The first line of a script: "#!interpreter [argument]" (Linux: fs/binfmt_script.c). Blanks are spaces and tabs.</summary>
internal sealed class ScriptLine
{
    // BINPRM_BUF_SIZE.
    private const int LongestLine = 256;

    private ScriptLine(byte[] interpreter, byte[]? argument)
    {
        Interpreter = interpreter;
        Argument = argument;
    }

    public byte[] Interpreter { get; }

    /// <summary>The rest of the line as one argument; null if there is none.</summary>
    public byte[]? Argument { get; }

    /// <summary>Null for a file that does not start with #!. ENOEXEC for a line without an interpreter or one cut off inside its name.</summary>
    public static Errno TryRead(OpenFile file, out ScriptLine? line)
    {
        line = null;
        Span<byte> buffer = stackalloc byte[LongestLine];
        buffer.Clear();
        if (file.Pages is not { } pages)
        {
            return Errno.EACCES;
        }

        var count = pages.ReadBytes(0, buffer);
        if (count < 0)
        {
            return (Errno)(-count);
        }

        if (count < 2 || buffer[0] != '#' || buffer[1] != '!')
        {
            return Errno.None;
        }

        var end = buffer.IndexOf((byte)'\n');
        if (end < 0)
        {
            // Cut off: only the argument may be incomplete. A file that simply ends is whole.
            end = buffer.IndexOf((byte)0) is var nul && nul >= 0 ? nul : LongestLine - 1;
            var name = buffer[2..end].TrimStart(" \t"u8);
            if (nul < 0 && name.IndexOfAny(" \t"u8) < 0)
            {
                return Errno.ENOEXEC;
            }
        }

        var text = buffer[2..end].Trim(" \t"u8);
        if (text.IndexOf((byte)0) is var zero && zero >= 0)
        {
            text = text[..zero];
        }

        if (text.IsEmpty)
        {
            return Errno.ENOEXEC;
        }

        var blank = text.IndexOfAny(" \t"u8);
        line = blank < 0
            ? new ScriptLine(text.ToArray(), argument: null)
            : new ScriptLine(text[..blank].ToArray(), text[blank..].TrimStart(" \t"u8).ToArray());
        return Errno.None;
    }

    /// <summary>The interpreter's arguments: itself, its argument, the script's path, then the caller's without the first.</summary>
    public ProgramArguments Rewrite(ProgramArguments arguments, byte[] scriptPath)
    {
        var rewritten = new List<byte[]> { Interpreter };
        if (Argument is not null)
        {
            rewritten.Add(Argument);
        }

        rewritten.Add(scriptPath);
        rewritten.AddRange(arguments.Arguments.Skip(1));
        return arguments with { Arguments = rewritten };
    }
}
