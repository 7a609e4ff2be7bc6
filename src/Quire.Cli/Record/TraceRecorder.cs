using Quire.Hardware.Cpu;
using Quire.Hardware.Translation;
using Quire.Traces;

namespace Quire.Cli.Record;

/// <summary>Writes the references of a processor as a trace; address spaces are the trace's processes.</summary>
internal sealed class TraceRecorder(QtraceWriter writer) : IReferenceObserver, IDisposable
{
    public void OnReference(ulong address, int size, AccessKind kind, ushort addressSpaceTag) => writer.Add(address, (uint)size, KindOf(kind), addressSpaceTag);

    public void Dispose() => writer.Dispose();

    private static ReferenceKind KindOf(AccessKind kind) => kind switch
    {
        AccessKind.Read => ReferenceKind.Read,
        AccessKind.Write => ReferenceKind.Write,
        _ => ReferenceKind.Instruction,
    };
}
