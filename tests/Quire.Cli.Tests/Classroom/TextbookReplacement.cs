namespace Quire.Cli.Tests.Classroom;

/// <summary>Replacement by its definitions, with lists that are searched from end to end: shares nothing with the policies that are taught.</summary>
internal static class TextbookReplacement
{
    /// <summary>The page that leaves at each reference: -1 for a fault into a free frame, null for a hit.</summary>
    public static List<int?> Run(string policy, int[] references, int frames)
    {
        var resident = new List<int>();
        var used = new HashSet<int>();
        var moves = new List<int?>();
        for (var now = 0; now < references.Length; now++)
        {
            var page = references[now];
            if (resident.Contains(page))
            {
                used.Add(page);
                if (policy == "lru")
                {
                    resident.Remove(page);
                    resident.Add(page);
                }

                moves.Add(null);
                continue;
            }

            var victim = -1;
            if (resident.Count == frames)
            {
                // The clock as a queue: whoever is at its front and was used goes to its end with that forgotten.
                while (policy == "clock" && used.Remove(resident[0]))
                {
                    resident.Add(resident[0]);
                    resident.RemoveAt(0);
                }

                // Loaded first (FIFO) and used longest ago (LRU) stand first in the list.
                victim = policy == "opt" ? resident.Order().MaxBy(candidate => NextUse(references, now, candidate)) : resident[0];
                resident.Remove(victim);
            }

            used.Add(page);
            resident.Add(page);
            moves.Add(victim);
        }

        return moves;
    }

    public static int Faults(string policy, int[] references, int frames) => Run(policy, references, frames).Count(move => move is not null);

    private static int NextUse(int[] references, int now, int page)
    {
        var next = Array.IndexOf(references, page, now + 1);
        return next < 0 ? int.MaxValue : next;
    }
}
