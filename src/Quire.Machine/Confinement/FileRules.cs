namespace Quire.Machine.Confinement;

/// <summary>
/// Which of the host's files this program may read and write once a machine runs, as a ruleset of Landlock (landlock(7)). Files that are open stay open,
/// and looking at attributes is never refused.
/// </summary>
internal static class FileRules
{
    private const ulong Execute = 1 << 0;
    private const ulong WriteFile = 1 << 1;
    private const ulong ReadFile = 1 << 2;
    private const ulong ReadDirectory = 1 << 3;
    private const ulong MakeSymbolicLink = 1 << 12;
    private const ulong MoveOrLink = 1 << 13;
    private const ulong Truncate = 1 << 14;

    private const ulong FirstVersion = (MakeSymbolicLink << 1) - 1;
    private const ulong ForFiles = Execute | WriteFile | ReadFile | Truncate;
    private const ulong BindAndConnect = 3;
    private const ulong AbstractSockets = 1;

    // Before it no file could be moved to another directory.
    private const int LeastVersion = 2;

    /// <summary>A descriptor of the ruleset; -1 if the host has none that is good enough.</summary>
    public static int Create(IEnumerable<string> readable, IEnumerable<string> writable)
    {
        var version = ConfinementCalls.LandlockVersion();
        if (version < LeastVersion)
        {
            return -1;
        }

        var handled = FirstVersion | MoveOrLink | (version >= 3 ? Truncate : 0);
        var attributes = new RulesetAttributes { Files = handled, Network = BindAndConnect, Scoped = AbstractSockets };
        var ruleset = ConfinementCalls.CreateRuleset(attributes, version >= 6 ? 24 : version >= 4 ? 16 : 8);
        if (ruleset >= 0)
        {
            Add(ruleset, readable, ReadFile | ReadDirectory);
            Add(ruleset, writable, handled & ~Execute);
        }

        return ruleset;
    }

    // What does not exist cannot be allowed, and need not be.
    private static void Add(int ruleset, IEnumerable<string> paths, ulong rights)
    {
        const int PathOnly = 0x200000 | 0x80000;
        foreach (var path in paths)
        {
            var descriptor = ConfinementCalls.Open(path, PathOnly, 0);
            if (descriptor >= 0)
            {
                ConfinementCalls.AddPath(ruleset, Directory.Exists(path) ? rights : rights & ForFiles, descriptor);
                ConfinementCalls.Close(descriptor);
            }
        }
    }
}
