namespace Quire.Kernel.Files.Proc;

/// <summary>What uname(2) calls this kernel.</summary>
public static class KernelIdentity
{
    public const string SystemName = "Linux";

    /// <summary>The Linux whose behaviour guests can count on.</summary>
    public const string Release = "6.1.0";

    /// <summary>What UNAME26 makes of it: 2.6.40 is 3.0, 2.6.60 is 4.0, and so on.</summary>
    public const string OldRelease = "2.6.61";

    public const string Version = "#1 SMP Quire";

    public const string Machine = "x86_64";

    /// <summary>What PER_LINUX32 makes of it.</summary>
    public const string Machine32 = "i686";
}
