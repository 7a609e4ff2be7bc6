namespace Quire.Collection;

/// <summary>Sizes that change from phase to phase, with survivors of each phase strewn over the heap: what does not move fragments.</summary>
internal sealed class Fragmenting : IMutatorProgram
{
    private static readonly int[] s_sizes = [24, 200, 56, 1000, 40, 3000, 88, 6000];

    private readonly int _slots;
    private readonly int _phases;
    private readonly int _survivors;
    private SeededRandom _random;

    private Fragmenting(ParameterValues parameters)
    {
        _slots = (int)parameters.Integer("slots", 20_000, 16, 10_000_000);
        _phases = (int)parameters.Integer("phases", 16, 1, 10_000);
        _survivors = (int)parameters.Integer("survivors", 16, 1, 1000);
        _random = new SeededRandom(parameters.Integer("seed", 1, 0, int.MaxValue));
    }

    public static ProgramDescriptor Definition { get; } = new(
        "fragmenting",
        "sizes that change from phase to phase, a few survivors of each",
        [new("slots", "20000", "objects of 24 bytes at a time; fewer of larger ones"), new("phases", "16", "sizes in turn"), new("survivors", "16", "one of so many objects of a phase stays for the next"), new("seed", "1", "of the order")],
        parameters => new Fragmenting(parameters));

    public long Run<TPaths>(Mutator<TPaths> heap)
        where TPaths : struct, IPaths
    {
        var types = heap.Plan.Types;
        var bytes = types.DefineDataArray("block", 8);
        using var frame = heap.Push(1);
        frame[0] = heap.AllocateArray(types.DefineReferenceArray("slots"), _slots);
        var sum = Checksum.Start;
        for (var phase = 0; phase < _phases; phase++)
        {
            var words = s_sizes[phase % s_sizes.Length] / 8;
            var count = Math.Max(16, (int)((long)_slots * 24 / s_sizes[phase % s_sizes.Length]));
            for (var i = 0; i < _slots; i++)
            {
                var old = heap.ReadElement(frame[0], i);
                if (!old.IsNull && _random.Next(_survivors) != 0)
                {
                    sum = Checksum.Add(sum, heap.Elements<long>(old)[0]);
                    heap.Free(old);
                    heap.WriteElement(frame[0], i, Reference.Null);
                }
            }

            for (var i = 0; i < 4 * count; i++)
            {
                var made = heap.AllocateArray(bytes, words);
                heap.Elements<long>(made)[0] = i;
                var slot = _random.Next(count);
                var old = heap.ReadElement(frame[0], slot);
                if (heap.IsManual && !old.IsNull)
                {
                    heap.Free(old);
                }

                heap.WriteElement(frame[0], slot, made);
            }
        }

        return sum;
    }
}
