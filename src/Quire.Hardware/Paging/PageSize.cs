namespace Quire.Hardware.Paging;

/// <summary>The three leaf sizes of four-level paging (Intel SDM vol. 3A, table 4-14). Values count the table levels above the smallest.</summary>
public enum PageSize
{
    Size4K,
    Size2M,
    Size1G,
}

public static class PageSizes
{
    extension(PageSize size)
    {
        /// <summary>Number of address bits inside one page: 12, 21 or 30.</summary>
        public int Shift => 12 + (9 * (int)size);

        public ulong Bytes => 1UL << size.Shift;

        public ulong OffsetMask => size.Bytes - 1;
    }
}
