using System.Globalization;
using System.Text.Json;
using Quire.Kernel;
using Quire.Kernel.Memory;

namespace Quire.Machine;

/// <summary>Writes memory events as JSON, one object a line: event, virtual time in nanoseconds, process, address, frame, bytes, and for faults how they were resolved.</summary>
public sealed class MemoryEventWriter(TextWriter output) : IMemoryEventSink
{
    private static readonly string[] Names = [.. Enum.GetValues<MemoryEventKind>().Select(NameOf)];

    public void Record(in MemoryEvent memoryEvent)
    {
        output.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"event\":\"{Names[(int)memoryEvent.Kind]}\",\"time\":{memoryEvent.Time.Nanoseconds},\"process\":{memoryEvent.Process},\"address\":\"0x{memoryEvent.Address.Value:x}\",\"bytes\":{memoryEvent.Bytes}"));
        if (!memoryEvent.Frame.IsNone)
        {
            output.Write(string.Create(CultureInfo.InvariantCulture, $",\"frame\":{memoryEvent.Frame.Value}"));
        }

        if (memoryEvent.Kind == MemoryEventKind.Fault)
        {
            var fault = memoryEvent.Fault;
            output.Write($",\"outcome\":\"{Camel(fault.Outcome.ToString())}\",\"cause\":\"{Causes(fault.Kind)}\"");
        }

        if (memoryEvent.What.Length > 0)
        {
            var (what, of) = memoryEvent.Kind switch
            {
                MemoryEventKind.Evict => ("page", "by"),
                MemoryEventKind.Kill => ("why", "group"),
                _ => ("line", "group"),
            };
            output.Write($",\"{what}\":\"{Camel(memoryEvent.What)}\",\"{of}\":{JsonSerializer.Serialize(GuestText.ToHost(memoryEvent.Of))}");
        }

        output.Write("}\n");
    }

    /// <summary>What the events of a kind are called: read-ahead for ReadAhead.</summary>
    public static string NameOf(MemoryEventKind kind) =>
        string.Concat(kind.ToString().Select((letter, at) => at > 0 && char.IsUpper(letter) ? "-" + char.ToLowerInvariant(letter) : char.ToLowerInvariant(letter).ToString()));

    private static string Causes(FaultKind kind) =>
        kind == FaultKind.None ? "" : string.Join('+', Enum.GetValues<FaultKind>().Where(flag => flag != FaultKind.None && (kind & flag) != 0).Select(flag => Camel(flag.ToString())));

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];
}
