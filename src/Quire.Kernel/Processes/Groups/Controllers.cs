namespace Quire.Kernel.Processes.Groups;

/// <summary>What control groups can limit: the words of cgroup.controllers, in Linux's order.</summary>
[Flags]
internal enum Controllers
{
    None = 0,
    CpuSet = 1,
    Cpu = 2,
    Memory = 4,
    Pids = 8,

    /// <summary>Those that count what threads of a process share, so that no process may compete with groups beside it.</summary>
    Domain = Memory,

    /// <summary>Those that may treat the threads of a process differently.</summary>
    Threaded = All & ~Domain,
    All = CpuSet | Cpu | Memory | Pids,
}

/// <summary>The names of controllers.</summary>
internal static class ControllerNames
{
    private static readonly (Controllers Controller, string Name)[] s_names =
        [(Controllers.CpuSet, "cpuset"), (Controllers.Cpu, "cpu"), (Controllers.Memory, "memory"), (Controllers.Pids, "pids")];

    public static Controllers Find(string name) => Array.Find(s_names, known => known.Name == name).Controller;

    /// <summary>One space between names; a line even if there are none.</summary>
    public static string List(Controllers controllers) =>
        string.Join(' ', s_names.Where(known => (controllers & known.Controller) != 0).Select(known => known.Name)) + "\n";
}
