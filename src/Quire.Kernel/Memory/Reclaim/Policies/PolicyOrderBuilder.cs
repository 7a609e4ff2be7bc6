using Quire.Replacement;

namespace Quire.Kernel.Memory.Reclaim.Policies;

/// <summary>Builds the order for a policy's own type.</summary>
internal sealed class PolicyOrderBuilder : IPolicyVisitor<IPolicyOrder>
{
    private readonly KernelMemory _memory;
    private readonly PolicySlots _slots;
    private readonly FrameTableBits _bits;

    private PolicyOrderBuilder(KernelMemory memory, int frames)
    {
        _memory = memory;
        _slots = new PolicySlots(memory.Pools.Places, frames);
        _bits = new FrameTableBits(memory, _slots);
    }

    /// <param name="frames">How many the policy has to do with, from 1.</param>
    public static IPolicyOrder Build(KernelMemory memory, PolicySpecification policy, int frames)
    {
        var builder = new PolicyOrderBuilder(memory, frames);
        return policy.Build(frames, builder._bits, builder);
    }

    public IPolicyOrder Visit<TPolicy>(TPolicy policy, PolicySpecification specification)
        where TPolicy : struct, IReplacementPolicy, IPolicyDefinition<TPolicy> => new PolicyOrder<TPolicy>(_memory, policy, _slots, _bits);
}
