namespace Quire.Hardware.Cpu;

/// <summary>A CPU as a kernel uses it: software here, a native one elsewhere, a scripted one in tests.</summary>
public interface IProcessor
{
    /// <summary>The live registers. Between runs the kernel may change them freely.</summary>
    ref CpuRegisters Registers { get; }

    /// <summary>Virtual nanoseconds at the start of the next run; RDTSC counts on from here.</summary>
    ulong TimeStamp { get; set; }

    /// <summary>Page-table entries read by walks since the start: their cost is part of virtual time.</summary>
    ulong WalkReferences { get; }

    /// <summary>Runs from RIP until something needs the kernel or about <paramref name="instructionBudget"/> instructions have retired.</summary>
    CpuExit Run(long instructionBudget);
}
