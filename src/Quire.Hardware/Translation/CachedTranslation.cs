using Quire.Hardware.Paging;
using Quire.Primitives;

namespace Quire.Hardware.Translation;

/// <summary>A translation that an MMU keeps, in whatever part of it.</summary>
/// <param name="Tag">Of the address space.</param>
/// <param name="Page">First address of the page.</param>
/// <param name="Frame">The page's first frame.</param>
/// <param name="Rights">Writable and NoExecute as in a leaf, and Dirty if the page's D bit is known to be set.</param>
public readonly record struct CachedTranslation(ushort Tag, VirtualAddress Page, PageSize Size, FrameNumber Frame, PageTableEntry Rights);
