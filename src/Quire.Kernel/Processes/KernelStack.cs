using Quire.Allocation;
using Quire.Kernel.Memory.Slabs;

namespace Quire.Kernel.Processes;

/// <summary>What the kernel's own stack of one thread takes: 16 KiB, as THREAD_SIZE of Linux on x86-64, in pages that need not lie together (VMAP_STACK).</summary>
internal sealed class KernelStack
{
    public const int PageCount = 4;

    private readonly KernelObjectCache _cache;
    private readonly List<SlabSlot> _pages = new(PageCount);

    private KernelStack(KernelObjectCache cache) => _cache = cache;

    /// <param name="pages">Where each page comes from.</param>
    /// <returns>Null: no memory.</returns>
    public static KernelStack? TryTake(KernelObjectCache pages)
    {
        var stack = new KernelStack(pages);
        while (stack._pages.Count < PageCount)
        {
            if (!pages.TryTake(out var page))
            {
                stack.Return();
                return null;
            }

            stack._pages.Add(page);
        }

        return stack;
    }

    public void Return()
    {
        _pages.ForEach(_cache.Return);
        _pages.Clear();
    }
}
