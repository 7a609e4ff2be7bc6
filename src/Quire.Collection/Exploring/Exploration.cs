namespace Quire.Collection.Exploring;

/// <summary>
/// Every interleaving of a marker with every mutator of at most so many operations, on the small heap of <see cref="TricolourState"/>. A
/// schedule is a sequence of steps up to the marker's last. Equal states at equal numbers of operations left are followed once and counted
/// as often as they are reached, so the numbers are exact whatever their size.
/// </summary>
public sealed class Exploration(MarkingRule rule, TricolourState start)
{
    public const int MostOperations = 7;

    private readonly Dictionary<(uint State, int Left), ScheduleCounts> _known = [];

    /// <summary>States that were told apart so far, by operations left.</summary>
    public int States => _known.Count;

    /// <summary>What all schedules come to.</summary>
    public ScheduleCounts Count(int operations)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(operations);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(operations, MostOperations);
        return Count(start, operations);
    }

    /// <summary>A shortest schedule that frees an object in use, of at most so many operations; null when there is none.</summary>
    public IReadOnlyList<ScheduleStep>? FindLoss(int operations)
    {
        var first = (start, operations);
        var cameFrom = new Dictionary<(TricolourState State, int Left), ((TricolourState State, int Left) From, ScheduleStep Step)> { [first] = default };
        var queue = new Queue<(TricolourState State, int Left)>([first]);
        while (queue.TryDequeue(out var at))
        {
            foreach (var step in Steps(at.State, at.Left))
            {
                var next = Apply(at.State, step);
                if (step.Kind == ScheduleStepKind.Finish)
                {
                    if (Lost(next) != 0)
                    {
                        return Trace(cameFrom, at, step);
                    }

                    continue;
                }

                if (cameFrom.TryAdd((next, at.Left - (step.IsMutator ? 1 : 0)), (at, step)))
                {
                    queue.Enqueue((next, at.Left - (step.IsMutator ? 1 : 0)));
                }
            }
        }

        return null;
    }

    /// <summary>The states that a schedule goes through, the first before it; null with the step that is not possible there.</summary>
    public IReadOnlyList<TricolourState>? Replay(IReadOnlyList<string> schedule, out string? impossible)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        var states = new List<TricolourState> { start };
        foreach (var text in schedule)
        {
            var step = Steps(states[^1], operationsLeft: 1).Cast<ScheduleStep?>().FirstOrDefault(step => step!.Value.ToString() == text);
            if (step is null)
            {
                impossible = text;
                return null;
            }

            states.Add(Apply(states[^1], step.Value));
        }

        impossible = null;
        return states;
    }

    /// <summary>What may come next: the steps of the marker first.</summary>
    public IEnumerable<ScheduleStep> Steps(TricolourState state, int operationsLeft)
    {
        if (state.RootsTaken == 0 && rule.Taking == RootTaking.Snapshot)
        {
            // The cycle begins with it; nothing before is of this cycle.
            yield return new ScheduleStep(ScheduleStepKind.TakeRoots);
            yield break;
        }

        foreach (var step in MarkerSteps(state))
        {
            yield return step;
        }

        if (operationsLeft == 0)
        {
            yield break;
        }

        foreach (var step in MutatorSteps(state))
        {
            yield return step;
        }
    }

    public TricolourState Apply(TricolourState state, ScheduleStep step)
    {
        switch (step.Kind)
        {
            case ScheduleStepKind.TakeRoots:
                return state.WithRootsShaded().WithRootsTaken(TricolourState.Roots);
            case ScheduleStepKind.TakeRoot:
                return state.Shaded(state.Root(step.Target)).WithRootsTaken(step.Target + 1);
            case ScheduleStepKind.Scan:
                return state.Scanned(step.Target);
            case ScheduleStepKind.Finish:
                return rule.Taking == RootTaking.OneByOneThenAgain ? state.WithRootsShaded().Drained() : state;
            case ScheduleStepKind.Load:
                var loaded = state.Field(state.Root(step.Operand));
                return rule.OnLoad(state, loaded).WithRoot(step.Target, loaded);
            case ScheduleStepKind.Store:
                var (source, target) = (state.Root(step.Target), step.Operand < 0 ? 0 : state.Root(step.Operand));
                return rule.OnStore(state, source, target).WithField(source, target);
            case ScheduleStepKind.Clear:
                return state.WithRoot(step.Target, 0);
            default:
                var fresh = FreeNumber(state);
                return state.WithColour(fresh, rule.NewColour).WithField(fresh, 0).WithRoot(step.Target, fresh);
        }
    }

    /// <summary>Objects in use that a finished marker left white: a bit each. They are freed, and the mutator goes on using them.</summary>
    public static int Lost(TricolourState state) => Enumerable.Range(1, TricolourState.Objects).Sum(number => state.ColourOf(number) == Colour.White ? state.Reachable() & (1 << number) : 0);

    /// <summary>Objects that nobody can reach and that a finished marker keeps: floating garbage.</summary>
    public static int Floating(TricolourState state) =>
        Enumerable.Range(1, TricolourState.Objects).Count(number => state.ColourOf(number) is Colour.Black or Colour.Grey && (state.Reachable() & (1 << number)) == 0);

    private ScheduleCounts Count(TricolourState state, int left)
    {
        if (_known.TryGetValue((state.Bits, left), out var known))
        {
            return known;
        }

        var counts = default(ScheduleCounts);
        foreach (var step in Steps(state, left))
        {
            var next = Apply(state, step);
            counts += step.Kind == ScheduleStepKind.Finish ? ScheduleCounts.Of(next) : Count(next, left - (step.IsMutator ? 1 : 0));
        }

        _known.Add((state.Bits, left), counts);
        return counts;
    }

    private static IEnumerable<ScheduleStep> MarkerSteps(TricolourState state)
    {
        if (state.RootsTaken < TricolourState.Roots)
        {
            yield return new ScheduleStep(ScheduleStepKind.TakeRoot, state.RootsTaken);
        }

        for (var number = 1; number <= TricolourState.Objects; number++)
        {
            if (state.ColourOf(number) == Colour.Grey)
            {
                yield return new ScheduleStep(ScheduleStepKind.Scan, number);
            }
        }

        if (state.RootsTaken == TricolourState.Roots && !state.HasGrey)
        {
            yield return new ScheduleStep(ScheduleStepKind.Finish);
        }
    }

    private static IEnumerable<ScheduleStep> MutatorSteps(TricolourState state)
    {
        for (var root = 0; root < TricolourState.Roots; root++)
        {
            if (FreeNumber(state) != 0)
            {
                yield return new ScheduleStep(ScheduleStepKind.Allocate, root);
            }

            if (state.Root(root) == 0)
            {
                continue;
            }

            yield return new ScheduleStep(ScheduleStepKind.Clear, root);
            yield return new ScheduleStep(ScheduleStepKind.Store, root, -1);
            for (var other = 0; other < TricolourState.Roots; other++)
            {
                yield return new ScheduleStep(ScheduleStepKind.Load, other, root);
                if (state.Root(other) != 0)
                {
                    yield return new ScheduleStep(ScheduleStepKind.Store, root, other);
                }
            }
        }
    }

    // The lowest object that was not allocated yet; 0 when all were.
    private static int FreeNumber(TricolourState state) => Enumerable.Range(1, TricolourState.Objects).FirstOrDefault(number => state.ColourOf(number) == Colour.None);

    private static List<ScheduleStep> Trace(
        Dictionary<(TricolourState State, int Left), ((TricolourState State, int Left) From, ScheduleStep Step)> cameFrom, (TricolourState State, int Left) at, ScheduleStep last)
    {
        var steps = new List<ScheduleStep> { last };
        for (var (from, step) = cameFrom[at]; from != default; (from, step) = cameFrom[at])
        {
            steps.Add(step);
            at = from;
        }

        steps.Reverse();
        return steps;
    }
}

/// <summary>Schedules by how they end.</summary>
/// <param name="Losing">Schedules in which an object in use is freed.</param>
/// <param name="Floating">Schedules that keep garbage.</param>
/// <param name="FloatingObjects">Objects kept in all of them.</param>
public readonly record struct ScheduleCounts(UInt128 Schedules, UInt128 Losing, UInt128 Floating, UInt128 FloatingObjects)
{
    public static ScheduleCounts operator +(ScheduleCounts left, ScheduleCounts right) =>
        new(left.Schedules + right.Schedules, left.Losing + right.Losing, left.Floating + right.Floating, left.FloatingObjects + right.FloatingObjects);

    internal static ScheduleCounts Of(TricolourState finished)
    {
        var floating = (uint)Exploration.Floating(finished);
        return new ScheduleCounts(1, Exploration.Lost(finished) != 0 ? 1u : 0u, floating != 0 ? 1u : 0u, floating);
    }
}
