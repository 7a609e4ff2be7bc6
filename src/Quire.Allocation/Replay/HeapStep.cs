using Quire.Primitives;

namespace Quire.Allocation;

/// <summary>What a step asks for.</summary>
public enum HeapStepKind
{
    Allocate,
    Reallocate,
    Free,
}

/// <summary>One step of a lesson as it was typed: NAME=SIZE allocates, NAME~SIZE reallocates, -NAME frees.</summary>
/// <param name="Number">Counts from 1.</param>
/// <param name="Size">Bytes; 0 for a free.</param>
public readonly record struct HeapStep(int Number, HeapStepKind Kind, string Name, long Size)
{
    /// <exception cref="FormatException">A step is malformed, allocates a name that is taken, or names one that is not; says which.</exception>
    public static IReadOnlyList<HeapStep> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var names = new HashSet<string>();
        var steps = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select((step, i) => Parse(i + 1, step)).ToList();
        foreach (var step in steps)
        {
            var isKnown = step.Kind switch
            {
                HeapStepKind.Allocate => !names.Add(step.Name),
                HeapStepKind.Free => names.Remove(step.Name),
                _ => names.Contains(step.Name),
            };
            if (isKnown == (step.Kind == HeapStepKind.Allocate))
            {
                throw new FormatException($"step {step.Number}: \"{step.Name}\" is {(isKnown ? "allocated already" : "not allocated")}");
            }
        }

        return steps.Count > 0 ? steps : throw new FormatException("there are no steps");
    }

    private static HeapStep Parse(int number, string text)
    {
        if (text is ['-', _, ..])
        {
            return new HeapStep(number, HeapStepKind.Free, text[1..], 0);
        }

        var mark = text.AsSpan(1).IndexOfAny('=', '~') + 1;
        if (mark <= 0 || !ByteSize.TryParse(text[(mark + 1)..], out var size))
        {
            throw new FormatException($"step {number}: \"{text}\" is none of NAME=SIZE, NAME~SIZE, -NAME");
        }

        return new HeapStep(number, text[mark] == '=' ? HeapStepKind.Allocate : HeapStepKind.Reallocate, text[..mark], (long)size.Bytes);
    }
}
