using Quire.Primitives;

namespace Quire.Kernel.Memory;

/// <summary>What the kernel does by itself beside the programs, as a kernel thread of Linux would: a bit at a time, at moments of virtual time. Asked at every
/// turn of the run loop, hence a class: among several implementations of an interface the call is looked up in a table.</summary>
public abstract class BackgroundWork
{
    /// <summary>As ps shows it: kswapd0, ksmd.</summary>
    public abstract string Name { get; }

    /// <summary>When it has something to do; Never while it rests.</summary>
    public abstract VirtualTime Due { get; }

    /// <summary>Does what is due at this moment; gives the CPU time it took.</summary>
    public abstract VirtualTime Run(VirtualTime now);

    /// <summary>Programs have run: what rested because nothing changed may look again.</summary>
    public abstract void OnProgramsRan();
}
