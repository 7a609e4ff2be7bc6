using Quire.Replacement;

namespace Quire.Traces;

/// <summary>One policy with one number of frames, driven by batches of runs.</summary>
public abstract class Simulation
{
    /// <summary>Up to so many frames tables are made as large as memory; with more only as large as the pages of the trace, which has to be read first.</summary>
    private const int MostUnseen = 1 << 20;

    public abstract bool NeedsFuture { get; }

    /// <summary>It has to be told what the trace holds before its first batch.</summary>
    public virtual bool NeedsExtent => false;

    public abstract void Run(RunBatch batch);

    /// <summary>What the trace holds, called once before the first batch where <see cref="NeedsExtent"/> or <see cref="NeedsFuture"/> asks for it.</summary>
    /// <param name="pages">Different pages or objects.</param>
    /// <param name="objectBytes">Bytes of all objects.</param>
    public virtual void Expect(int pages, double objectBytes)
    {
    }

    public abstract ReplayResult Result { get; }

    public static Simulation Create(PolicySpecification specification, int frames) => Create(specification, new MemorySize(frames));

    public static Simulation Create(PolicySpecification specification, MemorySize frames) =>
        frames.IsShare || frames.Count > MostUnseen ? new LateSimulation(specification, frames) : CreateNow(specification, (int)frames.Count);

    internal static Simulation CreateNow(PolicySpecification specification, int frames)
    {
        var bits = new FrameBits(frames);
        return specification.Build(frames, bits, new Visitor(frames, bits));
    }

    private sealed class Visitor(int frames, FrameBits bits) : IPolicyVisitor<Simulation>
    {
        public Simulation Visit<TPolicy>(TPolicy policy, PolicySpecification specification)
            where TPolicy : struct, IReplacementPolicy, IPolicyDefinition<TPolicy> =>
            policy is IVariableSpacePolicy
                ? new VariableSpaceSimulation(policy, TPolicy.Source, specification, frames, bits)
                : new Simulation<TPolicy>(policy, specification, frames, bits);
    }
}

/// <summary>
/// A simulation whose tables are made when the pages of the trace are known: its frames are a share of them, or could be many more than they are. With at
/// least as many frames as pages nothing is ever evicted, whatever the policy, so more frames than pages need no tables.
/// </summary>
internal sealed class LateSimulation(PolicySpecification specification, MemorySize frames) : Simulation
{
    private Simulation? _simulation;
    private long _frames;

    public override bool NeedsFuture => specification.Descriptor.Source == InformationSource.Future;

    public override bool NeedsExtent => true;

    public override ReplayResult Result => Known.Result with { Frames = (int)_frames };

    private Simulation Known => _simulation ?? throw new InvalidOperationException("the trace's pages were not told");

    public override void Expect(int pages, double objectBytes)
    {
        _frames = frames.Of(pages);
        _simulation = CreateNow(specification, (int)Math.Min(_frames, Math.Max(1, pages)));
    }

    public override void Run(RunBatch batch) => Known.Run(batch);
}
