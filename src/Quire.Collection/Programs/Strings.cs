namespace Quire.Collection;

/// <summary>A string builder: buffers that double as text is appended, the finished strings kept for a while in a ring. No references but the ring's: data that dies young.</summary>
internal sealed class Strings : IMutatorProgram
{
    private readonly int _strings;
    private readonly int _kept;
    private readonly int _longest;
    private SeededRandom _random;

    private Strings(ParameterValues parameters)
    {
        _strings = (int)parameters.Integer("strings", 40_000, 0, 1_000_000_000);
        _kept = (int)parameters.Integer("kept", 2_000, 1, 10_000_000);
        _longest = (int)parameters.Integer("longest", 2_000, 1, 1 << 24);
        _random = new SeededRandom(parameters.Integer("seed", 1, 0, int.MaxValue));
    }

    public static ProgramDescriptor Definition { get; } = new(
        "strings",
        "strings built in buffers that double, the last ones kept",
        [new("strings", "40000", "built"), new("kept", "2000", "strings that stay"), new("longest", "2000", "bytes of a string at most"), new("seed", "1", "of the text")],
        parameters => new Strings(parameters));

    public long Run<TPaths>(Mutator<TPaths> heap)
        where TPaths : struct, IPaths
    {
        var types = heap.Plan.Types;
        var bytes = types.DefineDataArray("bytes", 1);
        using var frame = heap.Push(2);
        frame[0] = heap.AllocateArray(types.DefineReferenceArray("ring"), _kept);
        var sum = Checksum.Start;
        for (var i = 0; i < _strings; i++)
        {
            var length = 1 + _random.Next(_longest);
            var written = 0;
            frame[1] = heap.AllocateArray(bytes, 16);
            while (written < length)
            {
                var piece = Math.Min(length - written, 1 + _random.Next(20));
                while (written + piece > heap.Length(frame[1]))
                {
                    var larger = heap.AllocateArray(bytes, 2 * heap.Length(frame[1]));
                    heap.Elements<byte>(frame[1])[..written].CopyTo(heap.Elements<byte>(larger));
                    heap.Free(frame[1]);
                    frame[1] = larger;
                }

                heap.Elements<byte>(frame[1]).Slice(written, piece).Fill((byte)(piece + i));
                written += piece;
            }

            var text = heap.AllocateArray(bytes, length);
            var letters = heap.Elements<byte>(text);
            heap.Elements<byte>(frame[1])[..length].CopyTo(letters);
            sum = Checksum.Add(sum, letters[length / 2] + ((long)letters[length - 1] << 8));
            heap.Free(frame[1]);
            var old = heap.ReadElement(frame[0], i % _kept);
            if (heap.IsManual && !old.IsNull)
            {
                heap.Free(old);
            }

            heap.WriteElement(frame[0], i % _kept, text);
            frame[1] = Reference.Null;
        }

        return sum;
    }
}
