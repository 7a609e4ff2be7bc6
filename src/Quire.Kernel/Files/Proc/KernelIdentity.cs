namespace Quire.Kernel.Files.Proc;

/// <summary>What uname(2) calls this kernel.</summary>
public static class KernelIdentity
{
    public const string SystemName = "Linux";

    /// <summary>The Linux whose behaviour guests can count on.</summary>
    public const string Release = "6.1.0";

    public const string Version = "#1 SMP Quire";

    public const string Machine = "x86_64";
}
