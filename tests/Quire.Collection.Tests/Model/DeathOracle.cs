namespace Quire.Collection.Tests;

/// <summary>
/// Runs a random trace of small objects on a plan, and knows by brute force after each step which of them can be reached: told by the plan of what it frees, it says when that
/// was too early, and lists what is dead and not freed yet.
/// </summary>
/// <remarks>Objects are of three words: two references and a number that is the object's for good, so that they are known wherever they lie.</remarks>
internal sealed class DeathOracle(int seed, int steps) : HeapObserver, IMutatorProgram
{
    public const int Roots = 6;

    private readonly Random _random = new(seed);
    private readonly Dictionary<nint, int> _numbers = [];
    private readonly List<int[]> _fields = [];
    private readonly int[] _roots = Enumerable.Repeat(-1, Roots).ToArray();
    private readonly HashSet<int> _dead = [];
    private int _step;

    /// <summary>What kinds of collections happen between the program's steps; called after each.</summary>
    public required Action<Plan, Random> Collector { get; init; }

    public Action<CollectionKind>? BeforePause { get; set; }

    public Action<CollectionKind>? AfterPause { get; set; }

    /// <summary>After each step; whether it was an allocation.</summary>
    public Action<bool>? AfterStep { get; set; }

    public string Where => $"seed {seed}, step {_step}";

    /// <summary>Objects that cannot be reached, since the step before this one or earlier.</summary>
    public IReadOnlyCollection<int> Dead => _dead;

    public IEnumerable<int> All => Enumerable.Range(0, _fields.Count);

    public IEnumerable<int> Reachable => All.Where(number => !_dead.Contains(number));

    /// <summary>Those of some objects that roots or others of them refer to, when one after the other goes that none does: what counting keeps.</summary>
    public HashSet<int> Counted(IEnumerable<int> some)
    {
        var kept = some.ToHashSet();
        while (true)
        {
            var held = kept.SelectMany(number => _fields[number]).Concat(_roots).ToHashSet();
            if (kept.RemoveWhere(number => !held.Contains(number)) == 0)
            {
                return kept;
            }
        }
    }

    /// <summary>What a set of objects reaches, itself included.</summary>
    public HashSet<int> ReachedFrom(IEnumerable<int> first)
    {
        var reached = new HashSet<int>();
        var left = new Stack<int>(first);
        while (left.TryPop(out var number))
        {
            if (number >= 0 && reached.Add(number))
            {
                Array.ForEach(_fields[number], left.Push);
            }
        }

        return reached;
    }

    /// <summary>The objects that the plan has not freed, as it lists them, with their addresses.</summary>
    public Dictionary<int, nint> Held(Plan plan)
    {
        var held = new Dictionary<int, nint>();
        plan.ForEachObject(address =>
        {
            lock (_numbers)
            {
                held.Add(_numbers[address], address);
            }
        });
        return held;
    }

    public IEnumerable<int> RootsNow => _roots.Where(number => number >= 0);

    public long Run<TPaths>(Mutator<TPaths> heap)
        where TPaths : struct, IPaths
    {
        var type = heap.Plan.Types.Define("object", references: 2, dataWords: 1);
        using var frame = heap.Push(Roots);
        for (_step = 0; _step < steps; _step++)
        {
            var root = _random.Next(Roots);
            var other = _random.Next(Roots);
            var field = _random.Next(2);
            var what = _random.Next(8);
            switch (what)
            {
                case 0 or 1 or 2:
                    frame[root] = heap.Allocate(type);
                    Put(frame[root].Address, _fields.Count);
                    _roots[root] = _fields.Count;
                    _fields.Add([-1, -1]);
                    break;
                case 3 or 4 when _roots[root] >= 0:
                    heap.Write(frame[root], field, frame[other]);
                    _fields[_roots[root]][field] = _roots[other];
                    break;
                case 5 when _roots[root] >= 0:
                    frame[other] = heap.Read(frame[root], field);
                    _roots[other] = _fields[_roots[root]][field];
                    break;
                case 6:
                    frame[root] = Reference.Null;
                    _roots[root] = -1;
                    break;
            }

            FindDead();
            AfterStep?.Invoke(what < 3);
            Collector(heap.Plan, _random);
        }

        return 0;
    }

    public override void Copied(nint from, nint to, nint size) => Move(from, to);

    public override void Promoted(nint from, nint to, nint size) => Move(from, to);

    // Ranges with dead objects; those that were moved out of them are known by their new places.
    public override void Freed(nint start, nint bytes)
    {
        lock (_numbers)
        {
            foreach (var (address, number) in _numbers.Where(pair => pair.Key >= start && pair.Key < start + bytes).ToList())
            {
                RequireDead(number);
                _numbers.Remove(address);
            }
        }
    }

    public override void PauseBegan(CollectionKind kind, CollectionCause cause) => BeforePause?.Invoke(kind);

    public override void PauseEnded(in Pause pause) => AfterPause?.Invoke(pause.Kind);

    private void Move(nint from, nint to)
    {
        lock (_numbers)
        {
            if (_numbers.Remove(from, out var number))
            {
                Put(to, number);
            }
        }
    }

    // Who slides objects together says nothing of the dead that they come to lie on.
    private void Put(nint address, int number)
    {
        lock (_numbers)
        {
            if (_numbers.TryGetValue(address, out var old))
            {
                RequireDead(old);
            }

            _numbers[address] = number;
        }
    }

    private void RequireDead(int number) => Assert.True(_dead.Contains(number), $"{Where}: object {number} is freed and can be reached");

    private void FindDead() => _dead.UnionWith(All.Except(ReachedFrom(_roots)));
}
