namespace Quire.Collection;

/// <summary>A stretch of a program whose objects do not outlive it.</summary>
public readonly ref struct AllocationScope
{
    private readonly Mutator _mutator;
    private readonly nint _mark;

    internal AllocationScope(Mutator mutator, nint mark)
    {
        _mutator = mutator;
        _mark = mark;
    }

    public void Dispose() => _mutator.Plan.LeaveScope(_mutator, _mark);
}
