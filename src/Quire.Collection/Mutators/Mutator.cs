using System.Runtime.InteropServices;

namespace Quire.Collection;

/// <summary>
/// A program's thread as its heap sees it: its roots, and the buffers that the fast paths of allocation and barriers work on. Programs see
/// <see cref="Mutator{TPaths}"/>. One thread at a time uses a mutator.
/// </summary>
public abstract unsafe class Mutator : IDisposable
{
    private protected Mutator(Plan plan)
    {
        Plan = plan;
        Stack = new RootStack(plan.Budget);
    }

    public Plan Plan { get; }

    public RootStack Stack { get; }

    /// <summary>Where the next object goes, and where the buffer ends: bump allocation.</summary>
    internal nint Cursor;
    internal nint Limit;

    /// <summary>The start of the buffer in use, for counting what was allocated.</summary>
    internal nint BufferStart;

    /// <summary>A word that a barrier of the plan keeps at hand, such as whether it is marking.</summary>
    internal nint BarrierWord;

    /// <summary>Addresses that a barrier looks at: a nursery, or a space that is being emptied.</summary>
    internal nint WatchedStart;
    internal nint WatchedLength;

    /// <summary>Cards, biased so that an address shifted is the index.</summary>
    internal byte* Cards;

    /// <summary>Ranges of free cells, one a size class, and the class of each size in words.</summary>
    internal CellRange* Ranges;
    internal byte* ClassOfWords;

    /// <summary>What a barrier of the plan writes down.</summary>
    internal AddressStack? Log { get; set; }

    /// <summary>Runs a program with this mutator's fast paths and returns its checksum.</summary>
    public abstract long Run(IMutatorProgram program);

    /// <summary>A mutator with the fast paths of a plan; with its observer told of each step if it has one.</summary>
    internal static Mutator Create<TPaths>(Plan plan)
        where TPaths : struct, IPaths => plan switch
        {
            { Barriers: BarrierUse.CompiledOut } => new Mutator<WithoutBarrier<TPaths>>(plan),
            { Observer: not null, Checker: not null } => new Mutator<ObservedPaths<CheckedPaths<TPaths>>>(plan),
            { Checker: not null } => new Mutator<CheckedPaths<TPaths>>(plan),
            { Observer: not null } => new Mutator<ObservedPaths<TPaths>>(plan),
            _ => new Mutator<TPaths>(plan),
        };

    public virtual void Dispose()
    {
        Stack.Dispose();
        Log?.Dispose();
        NativeMemory.Free(Ranges);
        Ranges = null;
        GC.SuppressFinalize(this);
    }
}

/// <summary>Free cells from Cursor up to Limit, zeroed; the range began at Start.</summary>
internal struct CellRange
{
    public nint Cursor;
    public nint Limit;
    public nint Start;
    public int CellSize;

    /// <summary>The block the range is in, plus one; 0 for none.</summary>
    public int Block;
}
