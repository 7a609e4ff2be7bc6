namespace Quire.Replacement;

/// <summary>A policy broke its contract: it threw, gave up a frame that is not its to give, or did not answer. The run cannot go on.</summary>
public sealed class PolicyFailureException(string policy, string call, string what)
    : Exception($"policy {policy} failed in {call}: {what}")
{
    public string Policy { get; } = policy;

    public string Call { get; } = call;
}
