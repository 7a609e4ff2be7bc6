using Quire.Allocation;

namespace Quire.Collection;

/// <summary>The heap calls of a real program, as quire alloc record and others write them: an object for each block, dropped where the program freed it.</summary>
internal sealed class Recording : IMutatorProgram
{
    private readonly HeapTrace _trace;

    private Recording(ParameterValues parameters)
    {
        var path = parameters.Words("file") ?? throw new CollectionFormatException("program recording: it needs file=PATH, a recording of quire alloc record");
        try
        {
            _trace = WorkloadFormats.Read(path);
        }
        catch (Exception error) when (error is WorkloadFormatException or IOException or UnauthorizedAccessException)
        {
            throw new CollectionFormatException($"program recording: {error.Message}");
        }
    }

    public static ProgramDescriptor Definition { get; } = new(
        "recording",
        "the heap calls of a real program: recording:file=PATH",
        [new("file", "", "a recording: .rep, mtrace, heaptrack raw, CSV or Quire's own")],
        parameters => new Recording(parameters));

    public long Run<TPaths>(Mutator<TPaths> heap)
        where TPaths : struct, IPaths
    {
        var types = heap.Plan.Types;
        var block = types.DefineDataArray("block", 1);
        var places = new Dictionary<long, int>();
        var free = new Stack<int>();
        using var frame = heap.Push(2);
        frame[0] = heap.AllocateArray(types.DefineReferenceArray("blocks"), MostLive());
        var sum = Checksum.Start;
        foreach (var call in _trace.Events)
        {
            switch (call.Kind)
            {
                case HeapEventKind.Allocate:
                    var place = free.TryPop(out var known) ? known : places.Count;
                    places[call.Id] = place;
                    heap.WriteElement(frame[0], place, Make(heap, block, call));
                    break;
                case HeapEventKind.Reallocate when places.TryGetValue(call.Id, out place):
                    var larger = Make(heap, block, call);
                    var old = heap.ReadElement(frame[0], place);
                    var kept = Math.Min(heap.Length(old), heap.Length(larger));
                    heap.Elements<byte>(old)[..kept].CopyTo(heap.Elements<byte>(larger));
                    sum = Drop(heap, old, sum);
                    heap.WriteElement(frame[0], place, larger);
                    break;
                case HeapEventKind.Free when places.Remove(call.Id, out place):
                    sum = Drop(heap, heap.ReadElement(frame[0], place), sum);
                    heap.WriteElement(frame[0], place, Reference.Null);
                    free.Push(place);
                    break;
            }
        }

        return sum;
    }

    private static Reference Make<TPaths>(Mutator<TPaths> heap, ObjectType block, HeapEvent call)
        where TPaths : struct, IPaths
    {
        var made = heap.AllocateArray(block, (int)Math.Clamp(call.Size, 1, int.MaxValue));
        heap.Elements<byte>(made)[0] = (byte)call.Id;
        return made;
    }

    private static long Drop<TPaths>(Mutator<TPaths> heap, Reference block, long sum)
        where TPaths : struct, IPaths
    {
        sum = Checksum.Add(sum, heap.Elements<byte>(block)[0]);
        heap.Free(block);
        return sum;
    }

    private int MostLive()
    {
        var live = 0;
        var most = 1;
        foreach (var call in _trace.Events)
        {
            live += call.Kind switch { HeapEventKind.Allocate => 1, HeapEventKind.Free => -1, _ => 0 };
            most = Math.Max(most, live);
        }

        return most;
    }
}
