namespace Quire.Collection.Steps;

/// <summary>Does what a script says, as any program would: through allocation and barriers of the plan, along references from roots.</summary>
internal sealed unsafe class ScriptProgram(HeapScript script, ScriptGraph graph, ScriptObserver observer) : IMutatorProgram
{
    private readonly List<HeapStepResult> _results = [];

    public IReadOnlyList<HeapStepResult> Results => _results;

    public long Run<TPaths>(Mutator<TPaths> heap)
        where TPaths : struct, IPaths
    {
        var types = script.Objects.Values.ToDictionary(item => item.Name, item => TypeOf(heap.Plan, item));
        using var variables = heap.Push(script.Objects.Count);
        for (var i = 0; i < script.Steps.Count; i++)
        {
            var step = script.Steps[i];
            observer.Step = i + 1;
            if (!observer.IsMarking)
            {
                observer.ForgetColours();
            }

            var did = step.Verb switch
            {
                HeapVerb.Make => Make(heap, variables, types, step, i + 1),
                HeapVerb.Store => Store(heap, variables, step, i + 1),
                HeapVerb.Root => Root(heap, variables, step, i + 1),
                HeapVerb.Drop => Drop(heap, variables, step, i + 1),
                _ => Collect(heap.Plan, step),
            };
            var (events, pauses) = observer.Take();
            _results.Add(new HeapStepResult(i + 1, step.Text, did, events, States(heap.Plan), pauses, observer.IsMarking));
        }

        return 0;
    }

    // What has no fields may be as large as it likes: an array.
    private static ObjectType TypeOf(Plan plan, HeapScriptObject item) => item.Fields == 0 && item.Bytes > TypeTable.MostWords * 8
        ? plan.Types.DefineDataArray(item.Name, 1)
        : plan.Types.Define(item.Name, item.Fields, (int)((item.Bytes + 7) / 8));

    private string Make<TPaths>(Mutator<TPaths> heap, Frame<TPaths> variables, Dictionary<string, ObjectType> types, HeapScriptStep step, int number)
        where TPaths : struct, IPaths
    {
        var made = new List<string>();
        foreach (var name in step.Values.OfType<string>().Append(step.Name).Distinct().Where(name => graph.Find(name) is null))
        {
            var shape = script.Objects[name];
            var item = graph.Add(name, shape.Fields);
            graph.Settle(number);
            var target = types[name].ElementSize == 0 ? heap.Allocate(types[name]) : heap.AllocateArray(types[name], (int)shape.Bytes);
            observer.Place(item, target.Address);
            variables[IndexOf(item)] = target;
            made.Add(name);
        }

        var source = Existing(step, step.Name);
        for (var field = 0; field < step.Values.Count; field++)
        {
            if (step.Values[field] is { } name)
            {
                var value = Existing(step, name);
                heap.Write(Reach(heap, variables, source), field, Reach(heap, variables, value));
                source.Fields[field] = value;
            }
        }

        foreach (var item in source.Fields.OfType<ScriptObject>().Where(item => item != source))
        {
            LetGo(variables, item);
        }

        graph.Settle(number);
        return made.Count == 0 ? $"{step.Name} gets its fields" : $"made {string.Join(", ", made)}";
    }

    private string Store<TPaths>(Mutator<TPaths> heap, Frame<TPaths> variables, HeapScriptStep step, int number)
        where TPaths : struct, IPaths
    {
        var source = Existing(step, step.Name);
        var value = step.Values[0] is { } name ? Existing(step, name) : null;
        var old = source.Fields[step.Field];
        var to = value is null ? Reference.Null : Reach(heap, variables, value);
        var from = Reach(heap, variables, source);
        source.Fields[step.Field] = value;
        heap.Write(from, step.Field, to);
        if (value is not null && value != source)
        {
            LetGo(variables, value);
        }

        graph.Settle(number);
        return $"{step.Name}.{step.Field} was {old?.Name ?? "null"} and is {value?.Name ?? "null"}";
    }

    private string Root<TPaths>(Mutator<TPaths> heap, Frame<TPaths> variables, HeapScriptStep step, int number)
        where TPaths : struct, IPaths
    {
        var item = Existing(step, step.Name);
        item.Root ??= heap.CreateHandle(Reach(heap, variables, item));
        LetGo(variables, item);
        graph.Settle(number);
        return $"{item.Name} is a root";
    }

    private string Drop<TPaths>(Mutator<TPaths> heap, Frame<TPaths> variables, HeapScriptStep step, int number)
        where TPaths : struct, IPaths
    {
        var item = Existing(step, step.Name);
        var reference = Reach(heap, variables, item);
        var did = $"{item.Name} is no root any more";
        if (item.Root is { } handle)
        {
            item.Root = null;
            graph.Settle(number);
            heap.Free(handle);
        }
        else if (item.IsHeld)
        {
            did = $"the variable {item.Name} ends";
            item.IsHeld = false;
            graph.Settle(number);
            variables[IndexOf(item)] = Reference.Null;
        }
        else
        {
            var cleared = new List<string>();
            foreach (var holder in graph.Objects.Where(holder => holder.UnreachableSince == 0 && holder.Fields.Contains(item)).ToList())
            {
                for (var field = 0; field < holder.Fields.Length; field++)
                {
                    if (holder.Fields[field] == item)
                    {
                        heap.Write(Reach(heap, variables, holder), field, Reference.Null);
                        holder.Fields[field] = null;
                        cleared.Add($"{holder.Name}.{field}");
                    }
                }
            }

            did = $"{string.Join(" and ", cleared)} {(cleared.Count == 1 ? "is" : "are")} null: nothing refers to {item.Name}";
            graph.Settle(number);
        }

        if (heap.IsManual && item.UnreachableSince != 0)
        {
            did += "; the program frees it";
            heap.Free(reference);
        }

        return item.UnreachableSince == 0 ? $"{did}; {item.Path} still reaches it" : did;
    }

    private static string Collect(Plan plan, HeapScriptStep step)
    {
        var isBeside = step.Kind is CollectionKind.Start or CollectionKind.Increment or CollectionKind.Finish;
        if (step.Kind == CollectionKind.Minor && plan is not (GenerationalPlan or StickyImmix))
        {
            throw new CollectionFormatException($"--steps: character {step.Position}: plan {plan.Descriptor.Name} has no young generation: gc collects");
        }

        if (isBeside && plan is not OnTheFlyPlan)
        {
            throw new CollectionFormatException($"--steps: character {step.Position}: plan {plan.Descriptor.Name} does not mark beside the program: gc collects");
        }

        if (plan is OnTheFlyPlan beside && isBeside && beside.IsMarking != (step.Kind != CollectionKind.Start))
        {
            throw new CollectionFormatException($"--steps: character {step.Position}: marking {(beside.IsMarking ? "is under way already" : "has not begun: write start before")}");
        }

        plan.Collect(step.Kind, CollectionCause.Asked);
        return step.Kind switch
        {
            CollectionKind.Full => "a full collection",
            CollectionKind.Minor => "a collection of the young objects",
            CollectionKind.Start => "marking begins: the roots are grey",
            CollectionKind.Increment => "some marking",
            _ => "marking ends",
        };
    }

    private ScriptObject Existing(HeapScriptStep step, string name)
    {
        var item = graph.Find(name)!;
        return item.UnreachableSince == 0
            ? item
            : throw new CollectionFormatException($"--steps: character {step.Position}: {name} is unreachable since step {item.UnreachableSince}: no program comes by it any more");
    }

    // From its root or variable along fields, as a program must.
    private Reference Reach<TPaths>(Mutator<TPaths> heap, Frame<TPaths> variables, ScriptObject target)
        where TPaths : struct, IPaths
    {
        var way = graph.WayTo(target);
        var first = way.Count == 0 ? target : way[0].From;
        var reference = first.Root is { } handle ? heap.Get(handle) : variables[IndexOf(first)];
        foreach (var (_, field) in way)
        {
            reference = heap.Read(reference, field);
        }

        return reference;
    }

    // A variable ends as soon as something else keeps its object: a cycle that nobody else refers to does not.
    private void LetGo<TPaths>(Frame<TPaths> variables, ScriptObject item)
        where TPaths : struct, IPaths
    {
        if (item.IsHeld && graph.IsReachedWithoutItsVariable(item))
        {
            item.IsHeld = false;
            variables[IndexOf(item)] = Reference.Null;
        }
    }

    private int IndexOf(ScriptObject item)
    {
        for (var i = 0; i < graph.Objects.Count; i++)
        {
            if (graph.Objects[i] == item)
            {
                return i;
            }
        }

        throw new InvalidOperationException($"{item.Name} is no object of the script.");
    }

    private List<HeapObjectState> States(Plan plan) =>
        [.. graph.Objects.Where(item => item.IsInHeap).OrderBy(item => item.Address).Select(item => new HeapObjectState(
            item.Name,
            item.Address - plan.Memory.Base,
            item.Size,
            plan.Large.Range.Contains(item.Address) ? "large" : plan is GenerationalPlan generational ? generational.Young.Range.Contains(item.Address) ? "young" : "old" : "",
            ObjectHeader.AgeOf(*(ulong*)item.Address),
            plan is CountingPlan ? CountingPlan.CountOf(*(ulong*)item.Address) : -1,
            item.Colour,
            [.. item.Fields.Select(field => field?.Name)],
            item.UnreachableSince,
            item.UnreachableSince == 0 ? item.Path : $"unreachable since step {item.UnreachableSince}{Keeper(plan, item)}"))];

    // Why something unreachable is still there.
    private string Keeper(Plan plan, ScriptObject item)
    {
        var holder = graph.HolderOf(item) is var (by, field) ? $"{by.Name}.{field}" : null;
        return (plan, observer.LastKind) switch
        {
            (CountingPlan, _) => holder is null ? ": count 0, freed when the table of zeros is next looked at" : $": counted from {holder}",
            _ when plan.Descriptor.Has(PlanFeatures.Manual) => ": nobody has freed it",
            _ when !plan.Descriptor.Has(PlanFeatures.Cycles) => ": this plan frees nothing by itself",
            _ when observer.IsMarking => item.Colour == TracingColour.White ? ": white so far" : ": marked in this cycle before it became unreachable, or born in it: kept until the next",
            _ when item.UnreachableSince > observer.LastPause => "",
            (_, CollectionKind.Minor) when !observer.WasLookedAt(item) => ": old, and a minor collection looks at the young only",
            (_, CollectionKind.Minor) => holder is null ? "" : $": {holder} refers to it, and what is old counts as alive",
            (_, CollectionKind.Finish) => ": marked before it became unreachable: the next cycle frees it",
            _ => "",
        };
    }
}
