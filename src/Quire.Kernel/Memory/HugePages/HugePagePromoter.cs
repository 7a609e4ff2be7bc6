using Quire.Primitives;

namespace Quire.Kernel.Memory.HugePages;

/// <summary>
/// Linux's khugepaged: looks through memory that may have huge pages, some of it at a time, and makes huge pages of what is in use.
/// Differs from Linux: its work takes no CPU time.
/// </summary>
public sealed class HugePagePromoter
{
    private readonly KernelMemory _memory;
    private uint _space;
    private ulong _address;
    private VirtualTime _due = VirtualTime.Zero;

    internal HugePagePromoter(KernelMemory memory) => _memory = memory;

    /// <summary>Scans if the time to do so has come.</summary>
    public void RunIfDue(VirtualTime now)
    {
        if (now < _due || _memory.HugePages.Use == HugePageUse.Never)
        {
            return;
        }

        var settings = _memory.HugePages;
        var sleep = Scan(settings.PagesToScan) ? settings.ScanSleepMilliseconds : settings.AllocationSleepMilliseconds;
        _due = now + new VirtualTime(Math.Max(1, sleep) * 1_000_000L);
    }

    /// <summary>Looks at about so many small pages. False: it ended because no room for a huge page was found.</summary>
    public bool Scan(int pages)
    {
        var rounds = 0;
        while (pages > 0 && rounds < 2)
        {
            if (!TryFindSpace(out var space))
            {
                rounds++;
                EndRound();
                continue;
            }

            var start = space.FindPromotable(_address);
            if (start == 0)
            {
                (_space, _address) = (_space + 1, 0);
                continue;
            }

            _address = start + HugePageSettings.Bytes;
            pages -= HugePageSettings.Pages;
            if (space.TryPromote(start) == PromotionResult.NoRoom)
            {
                return false;
            }
        }

        return true;
    }

    private bool TryFindSpace(out AddressSpace space)
    {
        // Spaces are few: the next by number.
        space = _memory.AddressSpaces.Where(candidate => candidate.Number >= _space).MinBy(candidate => candidate.Number)!;
        if (space is null)
        {
            return false;
        }

        if (space.Number != _space)
        {
            (_space, _address) = (space.Number, 0);
        }

        return true;
    }

    private void EndRound()
    {
        (_space, _address) = (0, 0);
        _memory.Counters.HugePages.FullScans++;
    }
}
