using System.Globalization;

namespace Quire.Collection.Exploring;

/// <summary>An object's colour, after Dijkstra, Lamport, Martin, Scholten and Steffens, CACM 1978.</summary>
public enum Colour
{
    /// <summary>Not allocated yet.</summary>
    None,

    /// <summary>Not reached.</summary>
    White,

    /// <summary>Reached, its field not read yet.</summary>
    Grey,

    /// <summary>Reached, and what its field held was reached, too.</summary>
    Black,
}

/// <summary>
/// All there is at one moment between a mutator and a marker: three objects a, b, c of one field each, three roots r0, r1, r2, and how many
/// roots the marker has taken. Objects are numbered from 1; 0 is null.
/// <code>
///   bits  0 to  5   colours, two an object
///   bits  6 to 11   fields
///   bits 12 to 17   roots
///   bits 18 to 19   roots taken
/// </code>
/// </summary>
public readonly record struct TricolourState(uint Bits)
{
    public const int Objects = 3;
    public const int Roots = 3;

    private const int FieldShift = 6;
    private const int RootShift = 12;
    private const int TakenShift = 18;

    /// <summary>Two objects held by roots, the second refers to the third: enough to lose one.</summary>
    public static TricolourState Linked { get; } = default(TricolourState).WithColour(1, Colour.White).WithColour(2, Colour.White).WithColour(3, Colour.White).WithRoot(0, 1).WithRoot(1, 2).WithField(2, 3);

    /// <summary>One object that refers to another; the third is still to be allocated.</summary>
    public static TricolourState Growing { get; } = default(TricolourState).WithColour(1, Colour.White).WithColour(2, Colour.White).WithRoot(0, 1).WithField(1, 2);

    public int RootsTaken => Get(TakenShift);

    public bool HasGrey => ColourOf(1) == Colour.Grey || ColourOf(2) == Colour.Grey || ColourOf(3) == Colour.Grey;

    public Colour ColourOf(int number) => (Colour)Get((number - 1) * 2);

    public int Field(int number) => Get(FieldShift + ((number - 1) * 2));

    public int Root(int root) => Get(RootShift + (root * 2));

    public TricolourState WithColour(int number, Colour colour) => Set((number - 1) * 2, (int)colour);

    public TricolourState WithField(int number, int target) => Set(FieldShift + ((number - 1) * 2), target);

    public TricolourState WithRoot(int root, int target) => Set(RootShift + (root * 2), target);

    public TricolourState WithRootsTaken(int count) => Set(TakenShift, count);

    /// <summary>White becomes grey; null and other colours stay.</summary>
    public TricolourState Shaded(int number) => number != 0 && ColourOf(number) == Colour.White ? WithColour(number, Colour.Grey) : this;

    /// <summary>A grey object's field is read, what it holds shaded, the object black: in one step.</summary>
    public TricolourState Scanned(int number) => Shaded(Field(number)).WithColour(number, Colour.Black);

    /// <summary>All that grey objects reach becomes black.</summary>
    public TricolourState Drained()
    {
        var state = this;
        while (state.HasGrey)
        {
            for (var number = 1; number <= Objects; number++)
            {
                state = state.ColourOf(number) == Colour.Grey ? state.Scanned(number) : state;
            }
        }

        return state;
    }

    public TricolourState WithRootsShaded() => Shaded(Root(0)).Shaded(Root(1)).Shaded(Root(2));

    /// <summary>One bit a reachable object: bit 1 for a.</summary>
    public int Reachable()
    {
        var reached = 0;
        for (var root = 0; root < Roots; root++)
        {
            for (var number = Root(root); number != 0 && (reached & (1 << number)) == 0; number = Field(number))
            {
                reached |= 1 << number;
            }
        }

        return reached;
    }

    /// <summary>"a black -> c, b white, c white; r0=a r1=b r2=-".</summary>
    public override string ToString()
    {
        var state = this;
        var objects = Enumerable.Range(1, Objects)
            .Where(number => state.ColourOf(number) != Colour.None)
            .Select(number => $"{Name(number)} {state.ColourOf(number).ToString().ToLowerInvariant()}{(state.Field(number) == 0 ? "" : $" -> {Name(state.Field(number))}")}");
        var roots = Enumerable.Range(0, Roots).Select(root => string.Create(CultureInfo.InvariantCulture, $"r{root}={Name(state.Root(root))}"));
        return $"{string.Join(", ", objects)}; {string.Join(' ', roots)}";
    }

    public static string Name(int number) => number == 0 ? "-" : ((char)('a' + number - 1)).ToString();

    private int Get(int shift) => (int)(Bits >> shift) & 3;

    private TricolourState Set(int shift, int value) => new((Bits & ~(3u << shift)) | ((uint)value << shift));
}
