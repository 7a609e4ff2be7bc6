using System.Globalization;
using System.Text;
using Quire.Kernel.Processes;
using Quire.Kernel.Syscalls.Abi;
using Quire.Primitives;

namespace Quire.Kernel.Syscalls.Tracing;

/// <summary>
/// Prints arguments by the kinds in a system call's argument format: fd, dirfd, int, uint, size, hex, ptr, mode, path, strings, count, bufin:N (N is the argument with
/// its length), bufout (its length is the result), and the symbolic kinds of <see cref="SymbolNames"/>. What the kernel fills in is printed after the call.
/// </summary>
internal static class ArgumentFormatter
{
    private const int ShownBytes = 32;
    private const int ShownStrings = 8;
    private const int CurrentDirectory = -100;
    private const ulong NeedsMode = 0x40 | 0x400000;
    private const char Later = '\u0001';

    public static string BeforeCall(GuestThread thread)
    {
        if (thread.Call.Syscall is not { ArgumentFormat: var format })
        {
            return string.Create(
                CultureInfo.InvariantCulture, $"0x{thread.Call.Arguments.A0:x}, 0x{thread.Call.Arguments.A1:x}, 0x{thread.Call.Arguments.A2:x}");
        }

        if (format.Length == 0)
        {
            return "";
        }

        var kinds = format.Split(',');
        var texts = new string[kinds.Length];
        var count = kinds.Length;
        for (var index = 0; index < count; index++)
        {
            texts[index] = Format(thread, kinds[index], index);
            if (kinds[index] == "flags:open" && (Argument(thread.Call.Arguments, index) & NeedsMode) == 0)
            {
                // Without O_CREAT and O_TMPFILE there is no mode.
                count = index + 1;
            }
        }

        return string.Join(", ", texts.AsSpan(0, count)!);
    }

    public static string AfterCall(GuestThread thread, string arguments, long result)
    {
        var at = arguments.IndexOf(Later);
        if (at < 0 || thread.Call.Syscall is not { ArgumentFormat: var format })
        {
            return arguments;
        }

        var index = Array.IndexOf(format.Split(','), "bufout");
        var address = Argument(thread.Call.Arguments, index);
        return string.Concat(arguments.AsSpan(0, at), result > 0 ? Quote(thread, address, (ulong)result) : Pointer(address), arguments.AsSpan(at + 1));
    }

    private static string Format(GuestThread thread, string kind, int index)
    {
        var value = Argument(thread.Call.Arguments, index);
        var colon = kind.IndexOf(':');
        switch (colon < 0 ? kind : kind[..colon])
        {
            case "int":
                return ((int)value).ToString(CultureInfo.InvariantCulture);
            case "hex":
                return value == 0 ? "0" : $"0x{value:x}";
            case "fd" or "dirfd":
                return (int)value == CurrentDirectory ? "AT_FDCWD" : ((int)value).ToString(CultureInfo.InvariantCulture);
            case "uint":
                return ((uint)value).ToString(CultureInfo.InvariantCulture);
            case "size":
                return value.ToString(CultureInfo.InvariantCulture);
            case "mode":
                return "0" + Convert.ToString((long)(value & 0xFFFF), 8);
            case "path" or "str":
                return Text(thread, value);
            case "strings":
                return Strings(thread, value);
            case "count":
                return Count(thread, value);
            case "bufin":
                return Quote(thread, value, Argument(thread.Call.Arguments, kind[colon + 1] - '0'));
            case "bufout":
                return Later.ToString();
            case "timespec":
                return thread.Process.Space.TryRead(new VirtualAddress(value), out GuestTimespec time) && value != 0
                    ? string.Create(CultureInfo.InvariantCulture, $"{{tv_sec={time.Seconds}, tv_nsec={time.Nanoseconds}}}")
                    : Pointer(value);
            case "sigset":
                return value != 0 && thread.Process.Space.TryRead(new VirtualAddress(value), out ulong bits) ? SymbolNames.SignalSet(bits) : Pointer(value);
            case "sigaction":
                return Action(thread, value);
            default:
                return SymbolNames.TryFormat(kind, value) ?? Pointer(value);
        }
    }

    private static ulong Argument(in SyscallArguments arguments, int index) => index switch
    {
        0 => arguments.A0,
        1 => arguments.A1,
        2 => arguments.A2,
        3 => arguments.A3,
        4 => arguments.A4,
        _ => arguments.A5,
    };

    private static string Pointer(ulong value) => value == 0 ? "NULL" : $"0x{value:x}";

    private static string Text(GuestThread thread, ulong address)
    {
        var error = thread.Process.Space.ReadString(new VirtualAddress(address), Page.Size, out var text);
        return error == Errno.None ? Escape(text, text.Length) : Pointer(address);
    }

    private static string Quote(GuestThread thread, ulong address, ulong length)
    {
        Span<byte> bytes = stackalloc byte[ShownBytes];
        var wanted = (int)Math.Min(length, ShownBytes);
        var count = thread.Process.Space.CopyFromGuest(new VirtualAddress(address), bytes[..wanted]);
        return count < wanted ? Pointer(address) : Escape(bytes[..count], length);
    }

    private static string Escape(ReadOnlySpan<byte> bytes, ulong length)
    {
        var text = new StringBuilder("\"");
        foreach (var value in bytes)
        {
            switch (value)
            {
                case (byte)'\n':
                    text.Append("\\n");
                    break;
                case (byte)'\t':
                    text.Append("\\t");
                    break;
                case (byte)'\r':
                    text.Append("\\r");
                    break;
                case (byte)'"' or (byte)'\\':
                    text.Append('\\').Append((char)value);
                    break;
                case >= 32 and < 127:
                    text.Append((char)value);
                    break;
                default:
                    text.Append('\\').Append(Convert.ToString(value, 8));
                    break;
            }
        }

        return text.Append('"').Append((ulong)bytes.Length < length ? "..." : "").ToString();
    }

    private static string Escape(byte[] text, int length) => Escape(text.AsSpan(), (ulong)length);

    private static string Strings(GuestThread thread, ulong array)
    {
        var space = thread.Process.Space;
        var texts = new List<string>();
        for (var index = 0UL; space.TryRead(new VirtualAddress(array + (index * 8)), out ulong address) && address != 0; index++)
        {
            if (index == ShownStrings)
            {
                texts.Add("...");
                break;
            }

            texts.Add(Text(thread, address));
        }

        return array == 0 ? "NULL" : $"[{string.Join(", ", texts)}]";
    }

    private static string Count(GuestThread thread, ulong array)
    {
        var count = 0UL;
        while (thread.Process.Space.TryRead(new VirtualAddress(array + (count * 8)), out ulong address) && address != 0)
        {
            count++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{Pointer(array)} /* {count} vars */");
    }

    private static string Action(GuestThread thread, ulong address)
    {
        if (address == 0 || !thread.Process.Space.TryRead(new VirtualAddress(address), out KernelSigaction action))
        {
            return Pointer(address);
        }

        var handler = action.Handler switch
        {
            SignalAction.Default => "SIG_DFL",
            SignalAction.Ignore => "SIG_IGN",
            _ => $"0x{action.Handler:x}",
        };
        return $"{{sa_handler={handler}, sa_mask={SymbolNames.SignalSet(action.Mask)}, sa_flags={SymbolNames.TryFormat("saflags", action.Flags)}}}";
    }
}
