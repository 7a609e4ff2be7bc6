using System.Globalization;
using Quire.Cli.Classroom.Exercises;
using Quire.Hardware.Translation;
using Quire.Hardware.Paging;
using Quire.Primitives;

namespace Quire.Cli.Classroom.Translation;

/// <summary>Addresses to translate by hand: the tables are given, the indices, the entries and the physical address are asked.</summary>
internal static class TranslationExercise
{
    private const string Fault = "fault";
    private const int Pages = 6;
    private static readonly string[] s_levels = ["PML4", "PDPT", "PD", "PT"];

    /// <summary>x86-64: mapped addresses for the most part, one that is not, and a write where that is not allowed if the tables have such a page.</summary>
    public static Exercise OfX64(int seed, int count, IReadOnlyList<ulong> addresses)
    {
        var random = new Random(seed);
        using var machine = new MappedMachine(Pages, random);
        var accesses = addresses.Count > 0
            ? [.. addresses.Select(address => (address, AccessKind.Read))]
            : Enumerable.Range(0, count).Select(_ => Draw(machine, random)).ToList();
        List<string> given = [$"four levels of tables, 9 bits of the address each, 12 bits for the byte; CR3 = 0x{machine.Root.Value:x}", "P present, W writable, U user; entries that are not listed are 0", ""];
        foreach (var (table, entries) in machine.Tables())
        {
            given.Add($"table at 0x{table:x}");
            given.AddRange(entries.Select(entry => Text($"  [{entry.Index,3}] {entry.Entry}  {Bits(entry.Entry)}")));
        }

        given.Add("");
        given.Add("For each address: the index at each level as far as the walk goes, then the physical address or fault.");
        return new Exercise("Address translation on x86-64", given, [.. accesses.Select(access => Ask(machine.Walk(access.Item1, access.Item2)))]);
    }

    public static Exercise OfSmall(int seed, int count, IReadOnlyList<ulong> addresses)
    {
        var random = new Random(seed);
        var machine = new SmallMachine(3, 7, random);
        var asked = addresses.Count > 0 ? [.. addresses.Select(address => (int)address)] : Enumerable.Range(0, count).Select(_ => Draw(machine, random)).ToList();
        List<string> given =
        [
            "addresses of 12 bits: 3 choose the directory entry, 4 the table entry, 5 the byte of a page of 32 bytes",
            "an entry is a byte: 0x80 is the valid bit, the other 7 bits are the frame; the directory is frame 0", "",
        ];
        given.AddRange(machine.Tables().Select(table => Text($"frame {table.Frame,3}: {string.Join(' ', table.Entries.Select(entry => entry.ToString("x2", CultureInfo.InvariantCulture)))}")));
        given.Add("");
        given.Add("For each address: the index at each level as far as the walk goes, then the physical address or fault.");
        return new Exercise("Address translation on a small machine", given, [.. asked.Select(address => Ask(machine, address))]);
    }

    private static (ulong Address, AccessKind Kind) Draw(MappedMachine machine, Random random)
    {
        var page = machine.Pages[random.Next(machine.Pages.Count)];
        var address = page + (ulong)random.Next(0, Page.Size);
        return random.Next(4) == 0 ? (address ^ (1UL << random.Next(Page.Shift, 30)), AccessKind.Read) : (address, random.Next(2) == 0 ? AccessKind.Write : AccessKind.Read);
    }

    // Half are mapped: of random addresses nearly all would fault.
    private static int Draw(SmallMachine machine, Random random)
    {
        var wantsMapped = random.Next(4) > 0;
        int address;
        do
        {
            address = random.Next(1 << SmallMachine.AddressBits);
        }
        while (wantsMapped && machine.Walk(address).Physical is null);
        return address;
    }

    private static Question Ask(TranslationWalk walk)
    {
        List<string> answer = [.. walk.Steps.Select(step => Text($"{step.Index}")), walk.Physical is { } physical ? $"0x{physical:x}" : Fault];
        return new Question($"{walk.Kind.ToString().ToLowerInvariant()} 0x{walk.Address:x}", answer, Why);

        string Why(int value)
        {
            if (value < walk.Steps.Count)
            {
                var low = 39 - (9 * value);
                return $"bits {low + 8} to {low} of the address are the index into the {s_levels[value]} at 0x{walk.Steps[value].Table:x}; its entry is {walk.Steps[value].Entry}, {Bits(walk.Steps[value].Entry)}";
            }

            var last = walk.Steps[^1].Entry;
            return walk.Physical is not null
                ? $"the last entry names the page at 0x{last.Frame.Address.Value:x}, and the low 12 bits are 0x{walk.Address & Page.OffsetMask:x}"
                : !last.Present ? $"the {s_levels[walk.Steps.Count - 1]} entry is not present" : "the page may not be written";
        }
    }

    private static Question Ask(SmallMachine machine, int address)
    {
        var (steps, physical) = machine.Walk(address);
        List<string> answer = [.. steps.Select(step => Text($"{step.Index}")), physical is { } found ? $"0x{found:x}" : Fault];
        return new Question($"0x{address:x3} = {Convert.ToString(address, 2).PadLeft(SmallMachine.AddressBits, '0')}", answer, Why);

        string Why(int value)
        {
            if (value < steps.Count)
            {
                return $"the {(value == 0 ? "first 3 bits" : "next 4 bits")} of the address; the entry is 0x{steps[value].Entry:x2}";
            }

            return physical is null
                ? $"the {(steps.Count == 1 ? "directory" : "table")} entry is not valid"
                : $"frame {steps[^1].Entry & 0x7F} begins at 0x{(steps[^1].Entry & 0x7F) * SmallMachine.PageBytes:x}, and the last 5 bits are {address & (SmallMachine.PageBytes - 1)}";
        }
    }

    private static string Bits(PageTableEntry entry) => entry.Present
        ? $"frame 0x{entry.Frame.Value:x} P{(entry.Writable ? " W" : "")}{(entry.User ? " U" : "")}"
        : "not present";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
