using Quire.Compilation;
using Quire.Replacement;

namespace Quire.Cli.Run;

/// <summary>How --policy is read.</summary>
internal static class PolicySyntax
{
    /// <summary>The kernel's own order, after Linux 6.1. In replay, where there are no anonymous and file pages, its like is second-chance.</summary>
    public const string Linux = "two-list";

    public const string Description = "what goes when memory is short: two-list (Linux's), NAME[:PARAMETERS] of quire replay's policies, or a C# file";

    /// <summary>Null: the kernel's own. Throws <see cref="PolicyFormatException"/>, for a file with a line for each thing that is wrong in it.</summary>
    public static PolicySpecification? Read(string text, Foreknowledge knows)
    {
        if (text == Linux)
        {
            return null;
        }

        var policy = PolicyLibrary.Parse(text, [Linux]);
        return policy.Descriptor.Source == InformationSource.Future && (knows == Foreknowledge.None || policy.Descriptor.IsVariableSpace)
            ? throw new PolicyFormatException($"--policy {policy.Text} has to know the future, which quire replay has from a trace of quire record")
            : policy;
    }
}

/// <summary>Whether a run knows what its program will refer to.</summary>
internal enum Foreknowledge
{
    None,

    /// <summary>From a run before it: <see cref="TwoRuns"/>.</summary>
    Recorded,
}
