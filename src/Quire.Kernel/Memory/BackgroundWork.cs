using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>What the kernel does by itself beside the programs, as a kernel thread of Linux would: a bit at a time, at moments of virtual time.</summary>
public interface IBackgroundWork
{
    /// <summary>As ps shows it: kswapd0, ksmd.</summary>
    string Name { get; }

    /// <summary>When it has something to do; Never while it rests.</summary>
    VirtualTime Due { get; }

    /// <summary>Does what is due at this moment; gives the CPU time it took.</summary>
    VirtualTime Run(VirtualTime now);

    /// <summary>Programs have run: what rested because nothing changed may look again.</summary>
    void OnProgramsRan();
}
