using Quire.Replacement;

namespace Quire.Traces;

/// <summary>One policy with one number of frames, driven by batches of runs.</summary>
public abstract class Simulation
{
    public abstract bool NeedsFuture { get; }

    public abstract void Run(RunBatch batch);

    public abstract ReplayResult Result { get; }

    public static Simulation Create(PolicySpecification specification, int frames)
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
