using Quire.Hardware.Cpu;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;

namespace Quire.Kernel.Scheduling;

/// <summary>A processor and what the scheduler knows of it: the thread it runs, whose registers it holds, and how far it is in this round.</summary>
internal sealed class VirtualCpu(int index, IProcessor processor, CostModel costs)
{
    private GuestThread? _loaded;
    private AddressSpace? _space;
    private ulong _walkReferences = processor.WalkReferences;

    public int Index { get; } = index;

    public IProcessor Processor { get; } = processor;

    /// <summary>The thread that runs here; null when the CPU is idle.</summary>
    public GuestThread? Current { get; set; }

    /// <summary>Picoseconds since the round began.</summary>
    public long Progress { get; set; }

    /// <summary>Picoseconds that the current thread may still run before the next one's turn.</summary>
    public long SliceLeft { get; set; }

    /// <summary>Instructions retired since the machine started.</summary>
    public long Instructions { get; private set; }

    /// <summary>Brings the thread's registers and address space onto the processor, unless they are there.</summary>
    public void Load(GuestThread thread)
    {
        if (_loaded != thread)
        {
            _loaded?.SaveRegisters();
            thread.MoveRegistersTo(this);
            _loaded = thread;
            thread.LastCpu = Index;
        }

        if (_space != thread.Process.Space)
        {
            _space = thread.Process.Space;
            _space.ActivateOn(Index);
        }
    }

    /// <summary>The thread's registers have been saved, or it has ended.</summary>
    public void Unload(GuestThread thread)
    {
        if (_loaded == thread)
        {
            _loaded = null;
        }
    }

    /// <summary>A space is going away: it must not be taken for active when its object or its root table is used again.</summary>
    public void ForgetSpace(AddressSpace space)
    {
        if (_space == space)
        {
            _space = null;
        }
    }

    /// <summary>Picoseconds that a run of so many instructions took, page walks included.</summary>
    public long CostOf(in CpuExit run)
    {
        Instructions += run.Instructions;
        var references = Processor.WalkReferences;
        var walked = (long)(references - _walkReferences);
        _walkReferences = references;
        return (run.Steps * costs.InstructionPicoseconds) + (walked * costs.WalkReferencePicoseconds);
    }
}
