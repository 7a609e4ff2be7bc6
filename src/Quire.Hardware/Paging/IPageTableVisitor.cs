using Quire.Primitives;

namespace Quire.Hardware.Paging;

/// <summary>Called for each leaf slot in a range that is not zero: present leaves of any size and values the kernel keeps in absent ones.</summary>
public unsafe interface IPageTableVisitor
{
    /// <summary>Whether 2 MiB leaves that could be split are shown whole. Those that cannot are shown to everyone.</summary>
    static virtual bool TakesHugeLeaves => false;

    /// <param name="start">First address of the page, also where the range starts inside a huge one.</param>
    /// <param name="entry">The slot; the visitor may change or empty it, not free the table around it.</param>
    /// <param name="size">How much the slot maps. Absent values are always 4 KiB slots.</param>
    void Visit(VirtualAddress start, ulong* entry, PageSize size);
}
