namespace Quire.Kernel.Memory.HugePages;

/// <summary>What a process says of transparent huge pages (PR_SET_THP_DISABLE).</summary>
public enum HugePageConsent
{
    Given,
    Refused,
}
