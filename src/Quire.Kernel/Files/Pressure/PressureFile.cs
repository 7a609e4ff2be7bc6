using Quire.Kernel.Files.Generated;
using Quire.Kernel.Pressure;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Files.Pressure;

/// <summary>
/// A file of /proc/pressure, or one like memory.pressure of a control group: reading shows what is lost, writing sets up a trigger that lasts as long as
/// the file is open.
/// </summary>
internal sealed class PressureFile : GeneratedInode
{
    public PressureFile(GeneratedSuperBlock superBlock, GuestKernel kernel, PressureResource resource, PressureSource source)
        : base(superBlock, source.Permissions)
    {
        Kernel = kernel;
        Resource = resource;
        Source = source;
    }

    public GuestKernel Kernel { get; }

    public PressureResource Resource { get; }

    public PressureSource Source { get; }

    public override FileType Type => FileType.Regular;

    public override Errno SetLength(ulong length) => Errno.None;

    public override Errno Open(in OpenRequest request, out OpenFile? file)
    {
        file = null;
        if (Source.NeedsPrivilegeToWrite && (request.Flags & OpenFlags.AccessMode) != OpenFlags.ReadOnly && !IsPrivileged(request.Caller))
        {
            return Errno.EPERM;
        }

        file = new OpenPressureFile(request.Location, request.Flags, this);
        return Errno.None;
    }

    private static bool IsPrivileged(GuestThread? caller) => caller is null || caller.Process.Credentials.Has(Capability.Resources);
}

/// <summary>Whose pressure a file tells of.</summary>
/// <param name="Group">Null: it is gone.</param>
/// <param name="LongestWrite">What more is written is not looked at, and the last byte neither: it is taken for a line's end (psi_write). Null: all is.</param>
internal sealed record PressureSource(Func<PressureGroup?> Group, uint Permissions, int? LongestWrite)
{
    /// <summary>CAP_SYS_RESOURCE, of the machine's files alone.</summary>
    public bool NeedsPrivilegeToWrite => LongestWrite is not null;
}
