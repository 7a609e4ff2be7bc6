using System.Runtime.CompilerServices;

namespace Quire.Hardware.Cpu;

/// <summary>A set of pages that may say yes wrongly, never no wrongly (Bloom, CACM 13(7), one hash): is any code remembered for this page?</summary>
internal unsafe struct PageFilter
{
    private const int Bits = 4096;
    private fixed ulong _words[Bits / 64];

    public void Add(ulong pageNumber)
    {
        var bit = BitOf(pageNumber);
        _words[bit >> 6] |= 1UL << bit;
    }

    public readonly bool MayContainAny(ulong firstPageNumber, ulong count)
    {
        if (count == 1)
        {
            var only = BitOf(firstPageNumber);
            return (_words[only >> 6] & (1UL << only)) != 0;
        }

        if (count >= Bits)
        {
            return true;
        }

        for (var page = firstPageNumber; count > 0; page++, count--)
        {
            var bit = BitOf(page);
            if ((_words[bit >> 6] & (1UL << bit)) != 0)
            {
                return true;
            }
        }

        return false;
    }

    public void Clear() => Unsafe.InitBlock(ref Unsafe.As<ulong, byte>(ref _words[0]), 0, Bits / 8);

    private static int BitOf(ulong pageNumber) => (int)((pageNumber ^ (pageNumber >> 12)) & (Bits - 1));
}
