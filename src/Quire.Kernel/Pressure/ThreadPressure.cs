namespace Quire.Kernel.Pressure;

/// <summary>What a thread is doing, as far as pressure is concerned: the TSK_* bits of include/linux/psi_types.h.</summary>
[Flags]
internal enum ThreadPressure : byte
{
    /// <summary>Asleep of its own will, stopped or ended.</summary>
    None = 0,

    /// <summary>It has a CPU or waits for one.</summary>
    Runnable = 1,

    OnCpu = 2,

    /// <summary>It waits for a device.</summary>
    AwaitsDevice = 4,

    /// <summary>What it waits for it would not need if there were more memory: reclaim, a page that had been there, the end of a penalty.</summary>
    LacksMemory = 8,
}

/// <summary>What is short: the files of /proc/pressure.</summary>
internal enum PressureResource
{
    Io,
    Memory,
    Cpu,
}

/// <summary>The lines of the files; enum psi_states of Linux.</summary>
internal enum PressureState
{
    /// <summary>Some task is held up.</summary>
    IoSome,

    /// <summary>All tasks that are not idle are held up at once.</summary>
    IoFull,
    MemorySome,
    MemoryFull,
    CpuSome,
    CpuFull,
}
