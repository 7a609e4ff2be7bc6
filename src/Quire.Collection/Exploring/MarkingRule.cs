namespace Quire.Collection.Exploring;

/// <summary>How a marker that runs beside its mutator begins and ends.</summary>
public enum RootTaking
{
    /// <summary>Roots are taken one by one, and all of them once more at the end, with the mutator stopped: it is grey.</summary>
    OneByOneThenAgain,

    /// <summary>Roots are taken one by one, and never again.</summary>
    OneByOne,

    /// <summary>All roots are taken at once, first: the mutator is black from then on.</summary>
    Snapshot,
}

/// <summary>A barrier with what it needs of the rest of the collector.</summary>
/// <param name="Source">Paper.</param>
/// <param name="NewColour">Of objects allocated during marking.</param>
/// <param name="OnStore">State, object, new target: what the barrier does before the field is written.</param>
/// <param name="OnLoad">State, loaded object: what it does before the mutator gets the object.</param>
public sealed record MarkingRule(
    string Name, string Source, RootTaking Taking, Colour NewColour,
    Func<TricolourState, int, int, TricolourState> OnStore, Func<TricolourState, int, TricolourState> OnLoad)
{
    /// <summary>All rules. Stores and loads are one step with their barrier, so is the scan of an object.</summary>
    public static IReadOnlyList<MarkingRule> All { get; } =
    [
        new("none", "no barrier", RootTaking.OneByOneThenAgain, Colour.White, (state, _, _) => state, (state, _) => state),
        new("dijkstra", "insertion barrier, shades the new target: Dijkstra et al., CACM 1978", RootTaking.OneByOneThenAgain, Colour.White, (state, _, target) => state.Shaded(target), (state, _) => state),
        new("dijkstra-once", "the same without taking the roots again", RootTaking.OneByOne, Colour.White, (state, _, target) => state.Shaded(target), (state, _) => state),
        new("steele", "insertion barrier, a black source becomes grey again: Steele, CACM 1975", RootTaking.OneByOneThenAgain, Colour.White, Regrey, (state, _) => state),
        new("yuasa", "deletion barrier, shades the old target: Yuasa, J. Systems and Software 1990", RootTaking.Snapshot, Colour.Black, (state, source, _) => state.Shaded(state.Field(source)), (state, _) => state),
        new("read", "read barrier, shades what is loaded: Baker, CACM 1978", RootTaking.Snapshot, Colour.Black, (state, _, _) => state, (state, loaded) => state.Shaded(loaded)),
    ];

    public string MutatorColour => Taking == RootTaking.Snapshot ? "black" : "grey";

    public string Roots => Taking switch
    {
        RootTaking.Snapshot => "all at once, first",
        RootTaking.OneByOne => "one by one",
        _ => "one by one, all again at the end",
    };

    public static MarkingRule? Find(string name) => All.FirstOrDefault(rule => rule.Name == name);

    private static TricolourState Regrey(TricolourState state, int source, int target) =>
        target != 0 && state.ColourOf(source) == Colour.Black && state.ColourOf(target) == Colour.White ? state.WithColour(source, Colour.Grey) : state;
}
