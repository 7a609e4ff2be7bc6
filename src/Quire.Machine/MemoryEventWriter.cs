using System.Globalization;
using Quire.Kernel.Memory;

namespace Quire.Machine;

/// <summary>Writes memory events as JSON, one object a line: event, virtual time in nanoseconds, process, address, frame, bytes, and for faults how they were resolved.</summary>
internal sealed class MemoryEventWriter(TextWriter output) : IMemoryEventSink
{
    public void Record(in MemoryEvent memoryEvent)
    {
        output.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"event\":\"{NameOf(memoryEvent.Kind)}\",\"time\":{memoryEvent.Time.Nanoseconds},\"process\":{memoryEvent.Process},\"address\":\"0x{memoryEvent.Address.Value:x}\",\"bytes\":{memoryEvent.Bytes}"));
        if (!memoryEvent.Frame.IsNone)
        {
            output.Write(string.Create(CultureInfo.InvariantCulture, $",\"frame\":{memoryEvent.Frame.Value}"));
        }

        if (memoryEvent.Kind == MemoryEventKind.Fault)
        {
            var fault = memoryEvent.Fault;
            output.Write($",\"outcome\":\"{Camel(fault.Outcome.ToString())}\",\"cause\":\"{Causes(fault.Kind)}\"");
        }

        output.Write("}\n");
    }

    private static string NameOf(MemoryEventKind kind) => kind == MemoryEventKind.WriteBack ? "write-back" : Camel(kind.ToString());

    private static string Causes(FaultKind kind) =>
        kind == FaultKind.None ? "" : string.Join('+', Enum.GetValues<FaultKind>().Where(flag => flag != FaultKind.None && (kind & flag) != 0).Select(flag => Camel(flag.ToString())));

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];
}
