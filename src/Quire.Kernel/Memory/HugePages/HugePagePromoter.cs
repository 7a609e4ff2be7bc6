using Quire.Primitives;

namespace Quire.Kernel.Memory.HugePages;

/// <summary>
/// Linux's khugepaged: looks through memory that may have huge pages, some of it at a time, and makes huge pages of what is in use. It rests when
/// no memory may have any.
/// </summary>
public sealed class HugePagePromoter : BackgroundWork
{
    // What looking at the 512 entries of a table costs, and copying as many pages.
    private const long NanosecondsASpan = 2_000;
    private const long NanosecondsAPromotion = 200_000;

    private readonly KernelMemory _memory;
    private uint _space;
    private ulong _address;
    private VirtualTime _due = VirtualTime.Zero;
    private bool _rests;

    internal HugePagePromoter(KernelMemory memory) => _memory = memory;

    public override string Name => "khugepaged";

    public override VirtualTime Due => _rests || _memory.HugePages.Use == HugePageUse.Never ? VirtualTime.Never : _due;

    public override VirtualTime Run(VirtualTime now)
    {
        var settings = _memory.HugePages;
        var scan = Scan(settings.PagesToScan);
        _rests = scan.Spans == 0;
        _due = now + VirtualTime.FromMilliseconds(Math.Max(1, scan.FoundNoRoom ? settings.AllocationSleepMilliseconds : settings.ScanSleepMilliseconds));
        return new VirtualTime((scan.Spans * NanosecondsASpan) + (scan.Promoted * NanosecondsAPromotion));
    }

    public override void OnProgramsRan() => _rests = false;

    /// <summary>Looks at about so many small pages; stops where no room for a huge page is found.</summary>
    public PromotionScan Scan(int pages)
    {
        var rounds = 0;
        var scan = default(PromotionScan);
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
            var result = space.TryPromote(start);
            scan = scan with { Spans = scan.Spans + 1, Promoted = scan.Promoted + (result == PromotionResult.Promoted ? 1 : 0) };
            if (result == PromotionResult.NoRoom)
            {
                return scan with { FoundNoRoom = true };
            }
        }

        return scan;
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
