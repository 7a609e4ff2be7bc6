namespace Quire.Replacement;

/// <summary>What a policy is built from. Frames are numbered 0 .. Frames-1.</summary>
public readonly record struct PolicySetup(int Frames, PolicyParameters Parameters, ReferenceBits Bits);

/// <summary>What a policy's file says about itself. One registry line points to it.</summary>
public interface IPolicyDefinition<TSelf>
    where TSelf : struct, IReplacementPolicy
{
    static abstract PolicyDescription Description { get; }

    /// <summary>A constant, so that a driver compiled for one policy drops the calls the policy does not want.</summary>
    static abstract InformationSource Source { get; }

    /// <summary>A constant as well: what of touches with no other call between them the policy goes by.</summary>
    static virtual TouchDetail Touches => TouchDetail.EachInTurn;

    static abstract TSelf Create(in PolicySetup setup);
}

/// <param name="Name">As written on the command line.</param>
/// <param name="Title">One line: what it evicts.</param>
/// <param name="Paper">Where it is defined.</param>
/// <param name="VictimRule">Why a victim was chosen, as the start of a sentence: "longest resident".</param>
public sealed record PolicyDescription(string Name, string Title, string Paper, string VictimRule)
{
    public IReadOnlyList<string> Aliases { get; init; } = [];

    public IReadOnlyList<PolicyParameter> Parameters { get; init; } = [];

    /// <summary>Name of the policy that these parameters really ask for, null for this one.</summary>
    public Func<PolicyParameters, string?> Variant { get; init; } = _ => null;

    /// <summary>True for stack algorithms (Mattson 1970): more frames never fault more.</summary>
    public bool IsStackAlgorithm { get; init; }
}

/// <summary>Receives a policy with its own type, so that code is compiled for it.</summary>
public interface IPolicyVisitor<out TResult>
{
    TResult Visit<TPolicy>(TPolicy policy, PolicySpecification specification)
        where TPolicy : struct, IReplacementPolicy, IPolicyDefinition<TPolicy>;
}

/// <summary>A registered policy.</summary>
public abstract class PolicyDescriptor(PolicyDescription description, InformationSource source, TouchDetail touches, bool isVariableSpace)
{
    public PolicyDescription Description { get; } = description;

    public InformationSource Source { get; } = source;

    public TouchDetail Touches { get; } = touches;

    /// <summary>It gives frames back by itself (working set, page-fault frequency, VMIN).</summary>
    public bool IsVariableSpace { get; } = isVariableSpace;

    public string Name => Description.Name;

    internal abstract TResult Build<TResult>(PolicySpecification specification, in PolicySetup setup, IPolicyVisitor<TResult> visitor);

    public static PolicyDescriptor Of<TPolicy>()
        where TPolicy : struct, IReplacementPolicy, IPolicyDefinition<TPolicy> => new Descriptor<TPolicy>();

    private sealed class Descriptor<TPolicy>() : PolicyDescriptor(TPolicy.Description, TPolicy.Source, TPolicy.Touches, default(TPolicy) is IVariableSpacePolicy)
        where TPolicy : struct, IReplacementPolicy, IPolicyDefinition<TPolicy>
    {
        internal override TResult Build<TResult>(PolicySpecification specification, in PolicySetup setup, IPolicyVisitor<TResult> visitor)
        {
            var policy = TPolicy.Create(setup);
            setup.Parameters.RefuseUnknown(Description.Parameters);
            return visitor.Visit(policy, specification);
        }
    }
}

/// <summary>A policy with its parameters, as written: "lru-k:k=3". Can be built for any number of frames.</summary>
public sealed record PolicySpecification(PolicyDescriptor Descriptor, PolicyParameters Parameters)
{
    /// <summary>The file that it was compiled from; null for a policy of the registry.</summary>
    public string? File { get; init; }

    /// <summary>The name and the parameters given, as tables show them.</summary>
    public string Text => WithParameters(Descriptor.Name);

    /// <summary>As written on the command line: parses back to the same.</summary>
    public string Argument => WithParameters(File ?? Descriptor.Name);

    /// <summary>Builds the policy and hands it to <paramref name="visitor"/> with its own type.</summary>
    public TResult Build<TResult>(int frames, ReferenceBits bits, IPolicyVisitor<TResult> visitor)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        return Descriptor.Build(this, new PolicySetup(frames, Parameters, bits), visitor);
    }

    /// <summary>Builds the policy behind its interface, for callers that do not pay a call a reference.</summary>
    public IReplacementPolicy Build(int frames, ReferenceBits bits) => Build(frames, bits, Boxing.Visitor);

    private string WithParameters(string name) => Parameters.Text.Length == 0 ? name : $"{name}:{Parameters.Text}";

    private sealed class Boxing : IPolicyVisitor<IReplacementPolicy>
    {
        public static readonly Boxing Visitor = new();

        public IReplacementPolicy Visit<TPolicy>(TPolicy policy, PolicySpecification specification)
            where TPolicy : struct, IReplacementPolicy, IPolicyDefinition<TPolicy> => policy;
    }
}
