using System.Runtime.InteropServices;

namespace Quire.Collection;

/// <summary>Sizes of cells: every multiple of eight up to 144, then what blocks of 32 KiB are cut into without much left over.</summary>
internal static unsafe class CellSizes
{
    private static readonly int[] s_sizes = [.. Build()];
    private static readonly nint s_table = (nint)BuildTable();

    public static int Count => s_sizes.Length;

    /// <summary>The class of a size in words of eight bytes, up to <see cref="Plan.LargestSmall"/> bytes.</summary>
    public static byte* ClassOfWords => (byte*)s_table;

    public static int SizeOf(int sizeClass) => s_sizes[sizeClass];

    private static IEnumerable<int> Build()
    {
        for (var size = 16; size <= 144; size += 8)
        {
            yield return size;
        }

        foreach (var cells in (int[])[204, 180, 160, 142, 128, 112, 102, 92, 80, 72, 64, 56, 51, 46, 40, 36, 32, 28, 25, 22, 20, 18, 16, 14, 12, 11, 10, 9, 8, 7, 6, 5, 4])
        {
            yield return (int)(HeapMemory.BlockSize / cells) & ~7;
        }
    }

    private static byte* BuildTable()
    {
        const int Words = (Plan.LargestSmall / 8) + 1;
        var table = (byte*)NativeMemory.Alloc(Words);
        var sizeClass = 0;
        for (var words = 0; words < Words; words++)
        {
            while (s_sizes[sizeClass] < words * 8)
            {
                sizeClass++;
            }

            table[words] = (byte)sizeClass;
        }

        return table;
    }
}
