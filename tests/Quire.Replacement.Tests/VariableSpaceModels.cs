namespace Quire.Replacement.Tests;

/// <summary>Which pages of a string are in memory right after each reference, straight from a policy's definition.</summary>
internal static class VariableSpaceModels
{
    /// <summary>Denning 1968: the pages of the last tau references, this one among them.</summary>
    public static HashSet<int> WorkingSet(int[] pages, int now, int tau) => [.. pages[Math.Max(0, now - tau + 1)..(now + 1)]];

    /// <summary>Prieve and Fabry 1976: of the pages referenced before, those whose next use is at most tau after their last one; and this one.</summary>
    public static HashSet<int> Vmin(int[] pages, int now, int tau)
    {
        var resident = new HashSet<int> { pages[now] };
        foreach (var page in pages[..now].Distinct())
        {
            var last = Array.LastIndexOf(pages, page, now - 1, now);
            var next = Array.IndexOf(pages, page, now);
            if (next >= 0 && next - last <= tau)
            {
                resident.Add(page);
            }
        }

        return resident;
    }

    /// <summary>Chu and Opderbeck 1972: a late fault keeps only pages referenced since the fault at which pages were last given back.</summary>
    public static IEnumerable<HashSet<int>> FaultFrequency(int[] pages, int threshold)
    {
        var resident = new HashSet<int>();
        var referenced = new HashSet<int>();
        var lastFault = 0;
        for (var now = 1; now <= pages.Length; now++)
        {
            var page = pages[now - 1];
            if (!resident.Contains(page))
            {
                if (now - lastFault > threshold)
                {
                    resident.IntersectWith(referenced);
                    referenced.Clear();
                }

                resident.Add(page);
                lastFault = now;
            }

            referenced.Add(page);
            yield return [.. resident];
        }
    }
}
