using System.Globalization;
using Quire.Primitives;

namespace Quire.Kernel.Files.Terminals;

/// <summary>devpts: /dev/pts, with a node for each pseudo-terminal, and for the host's own terminal where the host shows it there.</summary>
public sealed class PseudoTerminalFileSystem : SuperBlock
{
    private const int MostTerminals = 4096;

    private readonly SortedDictionary<int, TerminalInode> _terminals = [];
    private readonly GuestKernel _kernel;
    private readonly Func<Timestamp> _now;

    public PseudoTerminalFileSystem(GuestKernel kernel, Func<Timestamp> now)
    {
        _kernel = kernel;
        _now = now;
        Root = new DirectoryInode(this);
    }

    public override string TypeName => "devpts";

    public override string MountOptions => "rw,nosuid,noexec,relatime,gid=5,mode=620,ptmxmode=000";

    public override ulong Device => DeviceNumber.Of(0, 22);

    public override Inode Root { get; }

    public override FileSystemStatistics Statistics => new() { Type = 0x1CD1, BlockSize = Page.Size, NameLength = 255 };

    /// <summary>Where it is mounted; set by whoever mounts it.</summary>
    public Mount? Mount { get; set; }

    /// <summary>The host's terminal, under the number that it has on the host or that is shown instead.</summary>
    public Inode AddHostTerminal(int number, in InodeAttributes attributes, Terminal terminal)
    {
        var inode = new TerminalInode(this, attributes, terminal);
        _terminals[number] = inode;
        return inode;
    }

    /// <summary>Opening /dev/ptmx: a new pair.</summary>
    public Errno OpenMaster(in OpenRequest request, out OpenFile? file)
    {
        file = null;
        var number = 0;
        while (_terminals.ContainsKey(number))
        {
            number++;
        }

        if (number >= MostTerminals)
        {
            return Errno.ENOSPC;
        }

        var terminal = new PseudoTerminal(_kernel, number);
        var owner = request.Caller?.Process.Credentials;
        var now = _now();
        const uint TerminalGroup = 5;
        var attributes = new InodeAttributes
        {
            Device = Device,
            Number = (ulong)number + 3,
            Mode = (uint)FileType.CharacterDevice | 0x190,
            Links = 1,
            UserId = (uint)(owner?.FileUserId ?? 0),
            GroupId = TerminalGroup,
            RepresentedDevice = (uint)terminal.DeviceNumber,
            BlockSize = 1024,
            AccessTime = now,
            ModifyTime = now,
            ChangeTime = now,
        };
        _terminals[number] = new TerminalInode(this, attributes, terminal);
        file = new PseudoTerminalMaster(request.Location, request.Flags, terminal, this);
        return Errno.None;
    }

    public void Remove(PseudoTerminal terminal) => _terminals.Remove(terminal.Number);

    public FileLocation LocationOf(PseudoTerminal terminal) =>
        new(Mount!, Mount!.Root.Child(terminal.Number.ToString(CultureInfo.InvariantCulture), _terminals[terminal.Number]));

    private sealed class DirectoryInode(PseudoTerminalFileSystem owner) : Inode(owner)
    {
        public override FileType Type => FileType.Directory;

        public override InodeAttributes Attributes => new()
        {
            Device = owner.Device,
            Number = 1,
            Mode = (uint)FileType.Directory | 0x1ED,
            Links = 2,
            BlockSize = 1024,
            AccessTime = owner._now(),
            ModifyTime = owner._now(),
            ChangeTime = owner._now(),
        };

        public override Errno Lookup(string name, out Inode? child)
        {
            child = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number.ToString(CultureInfo.InvariantCulture) == name ? owner._terminals.GetValueOrDefault(number) : null;
            return child is null ? Errno.ENOENT : Errno.None;
        }

        public override Errno List(List<ListedEntry> entries)
        {
            foreach (var (number, inode) in owner._terminals)
            {
                entries.Add(new ListedEntry(number.ToString(CultureInfo.InvariantCulture), inode.Attributes.Number, FileType.CharacterDevice));
            }

            return Errno.None;
        }

        public override Errno Open(in OpenRequest request, out OpenFile? file)
        {
            file = new DirectoryFile(request.Location, request.Flags);
            return Errno.None;
        }
    }

    private sealed class TerminalInode(PseudoTerminalFileSystem owner, InodeAttributes attributes, Terminal terminal) : Inode(owner)
    {
        private InodeAttributes _attributes = attributes;

        public override FileType Type => FileType.CharacterDevice;

        public override InodeAttributes Attributes => _attributes;

        public override Errno Change(in AttributeChange change)
        {
            _attributes = _attributes.With(change, owner._now());
            return Errno.None;
        }

        public override Errno Open(in OpenRequest request, out OpenFile? file)
        {
            if (terminal is PseudoTerminal pair)
            {
                return pair.OpenSlave(request, out file);
            }

            file = new TerminalFile(request.Location, request.Flags, terminal);
            terminal.OnOpened(request.Caller, request.Flags);
            return Errno.None;
        }
    }
}
