namespace Quire.Kernel.Files;

/// <summary>A file of any type, apart from its names.</summary>
public abstract class Inode
{
}
