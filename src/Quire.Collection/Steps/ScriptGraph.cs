namespace Quire.Collection.Steps;

/// <summary>An object of a script as the program sees it, and where the heap has it.</summary>
internal sealed class ScriptObject(string name, int fields)
{
    public string Name => name;

    public ScriptObject?[] Fields { get; } = new ScriptObject?[fields];

    /// <summary>A global refers to it.</summary>
    public Handle? Root { get; set; }

    /// <summary>The variable of its name refers to it: from its making until something else keeps it, or it is let go.</summary>
    public bool IsHeld { get; set; }

    /// <summary>The step that made it unreachable; 0 while it is reachable.</summary>
    public int UnreachableSince { get; set; }

    /// <summary>How it is reached, or was until it became unreachable: "root a, a.0".</summary>
    public string Path { get; set; } = "";

    /// <summary>0 before it is allocated and after it was freed.</summary>
    public nint Address { get; set; }

    public nint Size { get; set; }

    public TracingColour Colour { get; set; }

    public bool IsInHeap => Address != 0;
}

/// <summary>The graph of a script's objects as the program has made it: what is reachable, how, and since when not.</summary>
internal sealed class ScriptGraph
{
    private readonly List<ScriptObject> _objects = [];

    public IReadOnlyList<ScriptObject> Objects => _objects;

    public ScriptObject? Find(string name) => _objects.Find(item => item.Name == name);

    public ScriptObject Add(string name, int fields)
    {
        var item = new ScriptObject(name, fields) { IsHeld = true };
        _objects.Add(item);
        return item;
    }

    /// <summary>Looks from the roots and variables, breadth first, and writes down who became unreachable.</summary>
    public void Settle(int step)
    {
        var paths = new Dictionary<ScriptObject, string>();
        var queue = new Queue<ScriptObject>();
        foreach (var item in _objects.Where(item => item.IsHeld || item.Root is not null))
        {
            paths.Add(item, item.Root is null ? $"variable {item.Name}" : $"root {item.Name}");
            queue.Enqueue(item);
        }

        while (queue.TryDequeue(out var item))
        {
            for (var field = 0; field < item.Fields.Length; field++)
            {
                if (item.Fields[field] is { } next && paths.TryAdd(next, $"{paths[item]}, {item.Name}.{field}"))
                {
                    queue.Enqueue(next);
                }
            }
        }

        foreach (var item in _objects)
        {
            if (paths.TryGetValue(item, out var path))
            {
                item.Path = path;
            }
            else if (item.UnreachableSince == 0)
            {
                item.UnreachableSince = step;
            }
        }
    }

    public bool IsReachedWithoutItsVariable(ScriptObject target)
    {
        target.IsHeld = false;
        var isReached = target.Root is not null || Ways(target).ContainsKey(target);
        target.IsHeld = true;
        return isReached;
    }

    /// <summary>The fields to follow from a root or variable to an object: the holder first.</summary>
    public IReadOnlyList<(ScriptObject From, int Field)> WayTo(ScriptObject target) => Ways(target)[target];

    /// <summary>"x.0", the first field of an object still in the heap that refers to another.</summary>
    public (ScriptObject Holder, int Field)? HolderOf(ScriptObject target)
    {
        foreach (var holder in _objects.Where(item => item.IsInHeap))
        {
            if (Array.IndexOf(holder.Fields, target) is var field and >= 0)
            {
                return (holder, field);
            }
        }

        return null;
    }

    private Dictionary<ScriptObject, List<(ScriptObject From, int Field)>> Ways(ScriptObject target)
    {
        var ways = new Dictionary<ScriptObject, List<(ScriptObject, int)>>();
        var queue = new Queue<ScriptObject>();
        foreach (var item in _objects.Where(item => item.IsHeld || item.Root is not null))
        {
            ways.Add(item, []);
            queue.Enqueue(item);
        }

        while (queue.TryDequeue(out var item) && !ways.ContainsKey(target))
        {
            for (var field = 0; field < item.Fields.Length; field++)
            {
                if (item.Fields[field] is { } next && !ways.ContainsKey(next))
                {
                    ways.Add(next, [.. ways[item], (item, field)]);
                    queue.Enqueue(next);
                }
            }
        }

        return ways;
    }
}
