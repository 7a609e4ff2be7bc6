namespace Quire.Collection.Exploring;

public enum ScheduleStepKind
{
    TakeRoots,
    TakeRoot,
    Scan,
    Finish,
    Load,
    Store,
    Clear,
    Allocate,
}

/// <summary>One step of mutator or marker, as it is written in a schedule.</summary>
/// <param name="Target">A root; of Scan an object; of Store the root that holds the object written to.</param>
/// <param name="Operand">Of Load the root that holds the object read, of Store the root written, -1 for null.</param>
public readonly record struct ScheduleStep(ScheduleStepKind Kind, int Target = 0, int Operand = 0)
{
    public bool IsMutator => Kind >= ScheduleStepKind.Load;

    public override string ToString() => Kind switch
    {
        ScheduleStepKind.TakeRoots => "take roots",
        ScheduleStepKind.TakeRoot => $"take r{Target}",
        ScheduleStepKind.Scan => $"scan {TricolourState.Name(Target)}",
        ScheduleStepKind.Finish => "finish",
        ScheduleStepKind.Load => $"r{Target}=r{Operand}.f",
        ScheduleStepKind.Store => Operand < 0 ? $"r{Target}.f=null" : $"r{Target}.f=r{Operand}",
        ScheduleStepKind.Clear => $"r{Target}=null",
        _ => $"r{Target}=new",
    };
}
