using Quire.Kernel.Memory;
using Quire.Primitives;

namespace Quire.Kernel.Tests.Memory;

/// <summary>What a page of a file or of shared memory holds, one number a page.</summary>
internal sealed class ModelObject(ulong[] values)
{
    public ulong[] Values { get; } = values;

    /// <summary>Pages that the length reaches into.</summary>
    public int PageCount { get; set; } = values.Length;
}

/// <summary>One page of a program as plainly as possible.</summary>
internal record struct ModelPage
{
    public bool IsMapped;
    public Protection Protection;

    /// <summary>Null: private anonymous memory.</summary>
    public ModelObject? Object;

    public int Index;
    public bool IsShared;
    public ulong? PrivateValue;
}

/// <summary>An address space as an array of pages: the obviously right model that <see cref="AddressSpace"/> is compared with.</summary>
internal sealed class PageModel(int pages)
{
    private ModelPage[] _pages = new ModelPage[pages];

    public ModelPage this[int page] => _pages[page];

    public PageModel Fork() => new(0) { _pages = (ModelPage[])_pages.Clone() };

    public void Map(int first, int count, Protection protection, ModelObject? content, int index, bool isShared)
    {
        for (var i = 0; i < count; i++)
        {
            _pages[first + i] = new ModelPage { IsMapped = true, Protection = protection, Object = content, Index = index + i, IsShared = isShared };
        }
    }

    /// <summary>Populating a private writable mapping writes to it: later changes of the file are not seen. It stops at the end of the file.</summary>
    public void CopyAll(int first, int count)
    {
        for (var i = first; i < first + count && TryRead(i, out var value); i++)
        {
            _pages[i].PrivateValue = value;
        }
    }

    public void Unmap(int first, int count) => Array.Clear(_pages, first, count);

    /// <summary>Stops at the first gap, as mprotect does.</summary>
    public bool Protect(int first, int count, Protection protection)
    {
        for (var i = first; i < first + count; i++)
        {
            if (!_pages[i].IsMapped)
            {
                return false;
            }

            _pages[i].Protection = protection;
        }

        return true;
    }

    /// <summary>Passes over gaps, as madvise does.</summary>
    public bool DontNeed(int first, int count)
    {
        var isWhole = true;
        for (var i = first; i < first + count; i++)
        {
            isWhole &= _pages[i].IsMapped;
            _pages[i].PrivateValue = null;
        }

        return isWhole;
    }

    public void Move(int from, int oldCount, int to, int newCount)
    {
        var moved = _pages.AsSpan(from, Math.Min(oldCount, newCount)).ToArray();
        var last = moved[0];
        Unmap(from, oldCount);
        for (var i = 0; i < newCount; i++)
        {
            _pages[to + i] = i < moved.Length ? moved[i] : last with { Index = last.Index + i, PrivateValue = null };
        }
    }

    /// <summary>Pages beyond the end lose their private copies too.</summary>
    public void Truncated(ModelObject content)
    {
        for (var i = 0; i < _pages.Length; i++)
        {
            if (_pages[i].Object == content && _pages[i].Index >= content.PageCount)
            {
                _pages[i].PrivateValue = null;
            }
        }
    }

    public bool TryRead(int page, out ulong value)
    {
        var at = _pages[page];
        value = at.PrivateValue ?? 0;
        if (!at.IsMapped || at.Protection == Protection.None || (at.PrivateValue is null && at.Object is { } o && at.Index >= o.PageCount))
        {
            return false;
        }

        value = at.PrivateValue ?? at.Object?.Values[at.Index] ?? 0;
        return true;
    }

    public bool TryWrite(int page, ulong value)
    {
        ref var at = ref _pages[page];
        if (!at.IsMapped || (at.Protection & Protection.Write) == 0 || (at.PrivateValue is null && at.Object is { } o && at.Index >= o.PageCount))
        {
            return false;
        }

        if (at.IsShared)
        {
            at.Object!.Values[at.Index] = value;
        }
        else
        {
            at.PrivateValue = value;
        }

        return true;
    }
}
