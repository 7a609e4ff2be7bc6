using Quire.Cli.Replay;
using Quire.Replacement;

namespace Quire.Cli.Run;

/// <summary>How --policy is read.</summary>
internal static class PolicySyntax
{
    /// <summary>The kernel's own order, after Linux 6.1. In replay, where there are no anonymous and file pages, its like is second-chance.</summary>
    public const string Linux = "two-list";

    public const string Description = "what goes when memory is short: two-list (Linux's), or NAME[:PARAMETERS] of quire replay's policies";

    /// <summary>Null: the kernel's own.</summary>
    public static PolicySpecification? Read(string text)
    {
        if (text == Linux)
        {
            return null;
        }

        try
        {
            return PolicyRegistry.Parse(text);
        }
        catch (PolicyFormatException exception)
        {
            throw new UsageException($"--policy: {exception.Message}");
        }
    }
}
