using Quire.Hardware.Paging;
using Quire.Hardware.Translation;
using Quire.Primitives;

namespace Quire.Kernel.Memory.Auditing;

/// <summary>
/// Compares what every CPU's TLB and lookups hold with the page tables: no entry for a page that is gone or elsewhere, none that gives a right which the leaf does
/// not, or that would let an access leave A or D clear.
/// </summary>
internal sealed class TranslationAudit(KernelMemory memory)
{
    /// <exception cref="InvalidOperationException">A translation is stale; says which and how.</exception>
    public void Run()
    {
        var spaces = new Dictionary<ushort, AddressSpace>();
        foreach (var space in memory.AddressSpaces)
        {
            spaces[space.Tables.AddressSpaceTag] = space;
        }

        for (var cpu = 0; cpu < memory.Translations.Mmus.Count; cpu++)
        {
            var mmu = memory.Translations.Mmus[cpu];
            foreach (var translation in mmu.CachedTranslations())
            {
                // Spaces without a tag share one: what is there is the current one's.
                var space = translation.Tag == AddressSpaceTags.Untagged
                    ? memory.AddressSpaces.FirstOrDefault(candidate => candidate.Tables.Root == mmu.Root)
                    : spaces.GetValueOrDefault(translation.Tag);
                if (FaultOf(translation, space) is { } fault)
                {
                    throw new InvalidOperationException($"memory audit: CPU {cpu} has a stale translation of {translation.Page} with tag {translation.Tag}: {fault}");
                }
            }
        }
    }

    private static string? FaultOf(in CachedTranslation translation, AddressSpace? space)
    {
        if (space is null)
        {
            return "its address space is gone";
        }

        var leaf = space.Tables.Get(translation.Page, out var size);
        if (!leaf.Present)
        {
            return "the page is not present";
        }

        // A lookup without a model holds 4 KiB pieces of huge pages.
        var offset = (uint)((translation.Page.Value & size.OffsetMask) >> Page.Shift);
        if (translation.Size > size || translation.Frame != leaf.Frame + offset)
        {
            return $"it names {translation.Frame}, the leaf {leaf.Frame}";
        }

        var rights = translation.Rights;
        return rights.Writable && !leaf.Writable ? "it may be written to, the leaf may not"
            : !rights.NoExecute && leaf.NoExecute ? "it may be executed, the leaf may not"
            : rights.Dirty && !leaf.Dirty ? "it takes the page to be dirty, the leaf does not"
            : !leaf.Accessed ? "the leaf says that the page was not used"
            : null;
    }
}
