using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Quire.Kernel;
using Quire.Kernel.Memory;

namespace Quire.Machine;

/// <summary>
/// Writes memory events as JSON, one object a line: event, virtual time in nanoseconds, process, address, frame, bytes, and for faults how they were resolved.
/// A run tells millions of them: none leaves garbage.
/// </summary>
public sealed class MemoryEventWriter(TextWriter output) : IMemoryEventSink
{
    private static readonly string[] Names = [.. Enum.GetValues<MemoryEventKind>().Select(NameOf)];
    private static readonly string[] Outcomes = [.. Enum.GetNames<FaultOutcome>().Select(Camel)];

    // Long enough for everything that is a number or a name of ours.
    private readonly char[] _line = new char[512];
    private readonly Dictionary<FaultKind, string> _causes = [];
    private readonly Dictionary<string, string> _words = [];
    private (string Plain, string Json) _lastText = ("", "\"\"");

    public void Record(in MemoryEvent memoryEvent)
    {
        Put(_line.AsSpan().TryWrite(CultureInfo.InvariantCulture, $"{{\"event\":\"{Names[(int)memoryEvent.Kind]}\",\"time\":{memoryEvent.Time.Nanoseconds},\"process\":{memoryEvent.Process},\"address\":\"0x{memoryEvent.Address.Value:x}\",\"bytes\":{memoryEvent.Bytes}", out var length), length);
        if (!memoryEvent.Frame.IsNone)
        {
            Put(_line.AsSpan().TryWrite(CultureInfo.InvariantCulture, $",\"frame\":{memoryEvent.Frame.Value}", out var frameLength), frameLength);
        }

        if (memoryEvent.Kind == MemoryEventKind.Fault)
        {
            var fault = memoryEvent.Fault;
            Put(_line.AsSpan().TryWrite(CultureInfo.InvariantCulture, $",\"outcome\":\"{Outcomes[(int)fault.Outcome]}\",\"cause\":\"{Causes(fault.Kind)}\"", out var faultLength), faultLength);
        }

        if (memoryEvent.What.Length > 0)
        {
            var (what, of) = memoryEvent.Kind switch
            {
                MemoryEventKind.Evict => ("page", "by"),
                MemoryEventKind.Kill => ("why", "group"),
                _ => ("line", "group"),
            };
            Put(_line.AsSpan().TryWrite(CultureInfo.InvariantCulture, $",\"{what}\":\"{Word(memoryEvent.What)}\",\"{of}\":", out var whatLength), whatLength);
            output.Write(Json(memoryEvent.Of));
        }

        output.Write("}\n");
    }

    /// <summary>What the events of a kind are called: read-ahead for ReadAhead.</summary>
    public static string NameOf(MemoryEventKind kind) =>
        string.Concat(kind.ToString().Select((letter, at) => at > 0 && char.IsUpper(letter) ? "-" + char.ToLowerInvariant(letter) : char.ToLowerInvariant(letter).ToString()));

    private void Put(bool fits, int length)
    {
        Debug.Assert(fits, "numbers and names of ours are shorter than a line");
        output.Write(_line.AsSpan(0, length));
    }

    private string Causes(FaultKind kind)
    {
        ref var text = ref CollectionsMarshal.GetValueRefOrAddDefault(_causes, kind, out _);
        return text ??= kind == FaultKind.None ? "" : string.Join('+', Enum.GetValues<FaultKind>().Where(flag => flag != FaultKind.None && (kind & flag) != 0).Select(flag => Camel(flag.ToString())));
    }

    // These are few: kinds of pages, causes, lines of memory.events.
    private string Word(string name)
    {
        ref var text = ref CollectionsMarshal.GetValueRefOrAddDefault(_words, name, out _);
        return text ??= Camel(name);
    }

    // Events of one group come one after the other, and of groups there may be any number.
    private string Json(string text)
    {
        if (text != _lastText.Plain)
        {
            _lastText = (text, JsonSerializer.Serialize(GuestText.ToHost(text)));
        }

        return _lastText.Json;
    }

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];
}
