using System.Globalization;

namespace Quire.Allocation;

/// <summary>Sizes and offsets of a lesson: exact, so that they can be computed with.</summary>
public static class StepText
{
    /// <summary>"64K" where that is exact, else bytes: "65537".</summary>
    public static string Exact(long bytes)
    {
        ReadOnlySpan<char> units = ['K', 'M', 'G', 'T'];
        var unit = -1;
        while (unit + 1 < units.Length && bytes != 0 && bytes % 1024 == 0)
        {
            bytes /= 1024;
            unit++;
        }

        var number = bytes.ToString(CultureInfo.InvariantCulture);
        return unit < 0 ? number : number + units[unit];
    }
}
