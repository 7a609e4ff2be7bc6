using System.Globalization;

namespace Quire.Allocation;

/// <summary>
/// How many mappings a process may still make (Linux: /proc/sys/vm/max_map_count, 65 530 by default). When none is left, not only the
/// caller fails but whatever next needs memory of its own, the runtime included; so an eighth, and what the process had at first, is kept back.
/// </summary>
internal sealed class HostMappings(int limit)
{
    private int _taken;

    public static HostMappings OfThisProcess()
    {
        const string limit = "/proc/sys/vm/max_map_count";
        return File.Exists(limit) && int.TryParse(File.ReadAllText(limit), CultureInfo.InvariantCulture, out var most)
            ? new HostMappings(Math.Max(0, most - (most / 8) - File.ReadLines("/proc/self/maps").Count()))
            : new HostMappings(int.MaxValue);
    }

    public bool Has(int count) => Volatile.Read(ref _taken) <= limit - count;

    public void Take(int count) => Interlocked.Add(ref _taken, count);

    public void Return(int count) => Interlocked.Add(ref _taken, -count);
}
