namespace Quire.Collection;

/// <summary>What generational collection is worst at: an old table that is filled with new objects at random all the time, which die at middle age.</summary>
internal sealed class OldToYoung : IMutatorProgram
{
    private readonly int _slots;
    private readonly int _steps;
    private SeededRandom _random;

    private OldToYoung(ParameterValues parameters)
    {
        _slots = (int)parameters.Integer("slots", 200_000, 1, 100_000_000);
        _steps = (int)parameters.Integer("steps", 3_000_000, 0, 2_000_000_000);
        _random = new SeededRandom(parameters.Integer("seed", 1, 0, int.MaxValue));
    }

    public static ProgramDescriptor Definition { get; } = new(
        "old-to-young",
        "an old table filled with new objects at random: the worst case of generations",
        [new("slots", "200000", "of the table"), new("steps", "3000000", "objects stored"), new("seed", "1", "of the places")],
        parameters => new OldToYoung(parameters));

    public long Run<TPaths>(Mutator<TPaths> heap)
        where TPaths : struct, IPaths
    {
        var types = heap.Plan.Types;
        var item = types.Define("item", references: 1, dataWords: 1);
        using var frame = heap.Push(1);
        frame[0] = heap.AllocateArray(types.DefineReferenceArray("table"), _slots);
        var sum = Checksum.Start;
        for (var i = 0; i < _steps; i++)
        {
            var made = heap.Allocate(item);
            var slot = _random.Next(_slots);
            heap.WriteNumber(made, 1, i);
            var old = heap.ReadElement(frame[0], slot);
            if (!old.IsNull)
            {
                sum = Checksum.Add(sum, heap.ReadNumber(old, 1));
                if (heap.IsManual)
                {
                    heap.Free(old);
                }
            }

            heap.WriteElement(frame[0], slot, made);
        }

        return sum;
    }
}
