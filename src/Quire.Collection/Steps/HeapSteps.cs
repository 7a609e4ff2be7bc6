namespace Quire.Collection.Steps;

/// <summary>Tri-colour marking: not found yet, found, looked through.</summary>
public enum TracingColour
{
    White,
    Grey,
    Black,
}

public enum HeapEventKind
{
    Allocated,
    PauseBegan,
    Marked,
    Scanned,
    Copied,
    Promoted,
    Counted,
    Freed,
    PauseEnded,
}

/// <summary>Something that happened to an object in a step. Addresses are offsets from the heap's base.</summary>
/// <param name="Object">Empty for pauses.</param>
/// <param name="From">Where it was, for copies; otherwise where it is.</param>
/// <param name="To">Where it is now.</param>
/// <param name="Count">References counted.</param>
/// <param name="Why">For what was freed: since when it was unreachable.</param>
public sealed record HeapEvent(HeapEventKind Kind, string Object, long From, long To, int Count, string Why);

/// <summary>An object in the heap after a step.</summary>
/// <param name="Name">Of the script.</param>
/// <param name="Address">Offset from the heap's base.</param>
/// <param name="Size">Bytes with header.</param>
/// <param name="Place">"young", "old" or "large" where the plan has such.</param>
/// <param name="Age">Collections survived, where the plan counts them.</param>
/// <param name="Count">References counted; -1 where the plan does not count.</param>
/// <param name="Colour">In the collection that is going on or was this step's.</param>
/// <param name="Fields">Names, null for none.</param>
/// <param name="UnreachableSince">The step that made it unreachable; 0 while it is reachable.</param>
/// <param name="Why">The way from a root, or what keeps it although there is none.</param>
public sealed record HeapObjectState(
    string Name, long Address, long Size, string Place, int Age, int Count, TracingColour Colour, IReadOnlyList<string?> Fields, int UnreachableSince, string Why);

/// <summary>A step that was done, what it did, and the heap after it in the order of addresses.</summary>
public sealed record HeapStepResult(int Number, string Text, string Did, IReadOnlyList<HeapEvent> Events, IReadOnlyList<HeapObjectState> Objects, IReadOnlyList<Pause> Pauses, bool IsMarking);

/// <summary>Plays a script on a heap of any plan.</summary>
public static class HeapSteps
{
    /// <exception cref="CollectionFormatException">A step asks for an object that no program can reach, or for a collection that the plan has not.</exception>
    public static IReadOnlyList<HeapStepResult> Run(PlanSpecification specification, HeapScript script, PlanSetup setup)
    {
        ArgumentNullException.ThrowIfNull(specification);
        ArgumentNullException.ThrowIfNull(script);
        ArgumentNullException.ThrowIfNull(setup);
        var graph = new ScriptGraph();
        var observer = new ScriptObserver(graph);
        using var plan = specification.Build(setup with { Observer = observer, Checking = HeapChecking.EachCollection });
        observer.Attached(plan);
        var program = new ScriptProgram(script, graph, observer);
        plan.AddMutator().Run(program);
        return program.Results;
    }
}
