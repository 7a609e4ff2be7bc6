using System.Globalization;
using System.Text.Json;
using Quire.Machine.Tests.Programs;
using Quire.Primitives;
using Quire.Traces;

namespace Quire.Machine.Tests.Runs;

/// <summary>The report's counts against outside truth: valgrind's lackey, the host's getrusage, and TLB contents worked out by hand.</summary>
public sealed class CountTests(NativePrograms programs) : IClassFixture<NativePrograms>
{
    private static readonly string[] Freestanding = ["-nostdlib", "-static", "-ffreestanding", "-fno-stack-protector", "-fcf-protection=none"];

    // Of the one repeated string instruction in count_work.c; lackey counts a repetition each, and once more the end.
    private const int Repetitions = 100;

    private readonly record struct Reference(ReferenceKind Kind, ulong Address, uint Size)
    {
        public bool IsFetch => Kind == ReferenceKind.Instruction;

        public int Pages => (int)(((Address + Size - 1) >> Page.Shift) - (Address >> Page.Shift)) + 1;
    }

    [Fact]
    public void EveryInstructionAndReferenceIsTheOneThatLackeySees()
    {
        var program = programs.Compile("count_work.c", Freestanding);
        var there = Merged(ByLackey(program));
        var here = Merged(ByQuire(program));

        Assert.Equal(there.Count, here.Count);
        Assert.Equal(-1, there.Zip(here).ToList().FindIndex(pair => pair.First != pair.Second));
    }

    [Fact]
    public void InstructionsAndTlbReferencesAreAsManyAsLackeyCounts()
    {
        var program = programs.Compile("count_work.c", Freestanding);
        var references = ByLackey(program);
        var events = Path.Combine(programs.Directory, "events");
        var report = Run(program, [], "--events", events);

        Assert.Equal(references.Count(reference => reference.IsFetch) - Repetitions, report.Instructions);

        // A reference that faults is made again. The kernel's own faults, when it fills the stack of a new program, are far above.
        var code = references.Where(reference => reference.IsFetch).Select(reference => reference.Address & Page.Mask).ToHashSet();
        var faults = File.ReadLines(events).Select(line => JsonDocument.Parse(line).RootElement).Where(line => line.GetProperty("event").GetString() == "fault")
            .Select(line => Convert.ToUInt64(line.GetProperty("address").GetString(), 16)).Where(address => address < int.MaxValue).ToList();
        var data = references.Where(reference => !reference.IsFetch).Sum(reference => reference.Pages);
        var fetches = references.Where(reference => reference.IsFetch).Sum(reference => reference.Pages) - Repetitions;
        Assert.Equal(data + faults.Count(address => !code.Contains(address & Page.Mask)), report.Tlb("data", "hits") + report.Tlb("data", "misses"));
        Assert.Equal(fetches + faults.Count(address => code.Contains(address & Page.Mask)), report.Tlb("code", "hits") + report.Tlb("code", "misses"));
    }

    [Fact]
    public void MinorFaultsAreThoseThatGetrusageCountsOnTheHost()
    {
        var program = programs.Compile("fault_counts.c", "-static");
        var native = ProgramRun.Natively(programs.Directory, [program, Path.Combine(programs.Directory, "file")]);

        // The host maps sixteen file pages around a fault, unless it was told otherwise.
        var quire = ProgramRun.OnQuire(programs.Directory, [program, Path.Combine(programs.Directory, "file")], "", "--fault-around", "16");

        Assert.Contains("anonymous, written: 96\n", native.Output);
        Assert.Contains("anonymous, read, resident: 0\n", quire.Output);
        Assert.Contains("anonymous, written after read: 96\n", quire.Output);
        Assert.Contains("mlock: 96\n", quire.Output);

        // Not every host maps the shared zero page on a read: one that does not has nothing to fault for at the write behind it.
        string[] ofZeroPage = native.Output.Contains("anonymous, read, resident: 0\n", StringComparison.Ordinal) ? [] : ["anonymous, read", "anonymous, written after read"];
        Assert.Equal(Lines(native.Output), Lines(quire.Output));

        List<string> Lines(string output) => [.. output.Split('\n').Where(line => !ofZeroPage.Any(name => line.StartsWith(name, StringComparison.Ordinal)))];
    }

    // The default model: 64 entries of 4 ways for data (16 sets), behind it 512 entries of 4 ways (128 sets), least recently used goes; 32 entries
    // of page directories. Read in a circle, a set holds its pages if it has a way for each, and misses every time if it lacks one.
    [Theory]
    [InlineData(64, 1, 0, 0, 0)] // 4 pages in each of 16 sets
    [InlineData(4, 16, 0, 0, 0)] // 4 pages in one set
    [InlineData(5, 16, 5, 0, 0)] // 5 pages in one set; in the second level each has a set
    [InlineData(128, 1, 128, 0, 0)] // 8 pages in each of 16 sets
    [InlineData(512, 1, 512, 0, 0)] // the second level is full
    [InlineData(1024, 1, 1024, 1024, 1024)] // 8 pages in each set of the second level; two page tables that the directory cache knows
    [InlineData(16, 512, 16, 16, 16)] // one set of either level, 16 page tables
    [InlineData(64, 512, 64, 64, 128)] // 64 page tables are more than the directory cache holds: their directory is read, too
    public void TlbMissesAreThoseOfTheModelWorkedOutByHand(int pages, int stride, int misses, int walks, int walkReferences)
    {
        const int Passes = 1000;
        var program = programs.Compile("page_strides.c", Freestanding);
        var few = Run(program, [$"{pages}", $"{stride}", $"{Passes}"]);
        var many = Run(program, [$"{pages}", $"{stride}", $"{2 * Passes}"]);

        // What starts and ends the program is the same in both runs.
        Assert.Equal((pages * 4) + 4, (many.Instructions - few.Instructions) / (double)Passes);
        Assert.Equal(pages - misses, Difference("data", "hits"));
        Assert.Equal(misses, Difference("data", "misses"));
        Assert.Equal(misses - walks, Difference("second", "hits"));
        Assert.Equal(walks, Difference("second", "misses"));
        Assert.Equal(walks, (many.Walks - few.Walks) / (double)Passes);
        Assert.Equal(walkReferences, (many.WalkReferences - few.WalkReferences) / (double)Passes);

        double Difference(string level, string count) => (many.Tlb(level, count) - few.Tlb(level, count)) / (double)Passes;
    }

    // A repeated string instruction is fetched once here, once a repetition there.
    private static List<Reference> Merged(List<Reference> references)
    {
        var merged = new List<Reference>(references.Count);
        var lastFetch = default(Reference);
        foreach (var reference in references)
        {
            if (reference.IsFetch && reference == lastFetch)
            {
                continue;
            }

            lastFetch = reference.IsFetch ? reference : lastFetch;
            merged.Add(reference);
        }

        return merged;
    }

    // Without chasing, lackey counts what is executed: with it, also the second operand of some && operators that is not.
    private List<Reference> ByLackey(string program)
    {
        var log = Path.Combine(programs.Directory, "lackey");
        ProgramRun.Natively("/", ["valgrind", "--vex-guest-chase=no", "--tool=lackey", "--basic-counts=no", "--trace-mem=yes", $"--log-file={log}", program]);
        var references = new List<Reference>();
        foreach (var line in File.ReadLines(log).Where(line => line.Length > 3 && line[2] == ' ' && line[0] is ' ' or 'I'))
        {
            var comma = line.IndexOf(',', StringComparison.Ordinal);
            var address = ulong.Parse(line.AsSpan(3, comma - 3), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            var size = uint.Parse(line.AsSpan(comma + 1), CultureInfo.InvariantCulture);
            references.Add(new Reference(line[0] == 'I' ? ReferenceKind.Instruction : line[1] == 'L' ? ReferenceKind.Read : ReferenceKind.Write, address, size));
        }

        return references;
    }

    private List<Reference> ByQuire(string program)
    {
        var trace = Path.Combine(programs.Directory, "trace");
        Assert.Equal(ProgramRun.Natively("/", [program]).ExitCode, ProgramRun.Quire("record", "--quiet", "--detail", "addresses", "-o", trace, "--", program).ExitCode);
        using var reader = new QtraceReader(ByteSource.Open(trace));
        var records = new TraceRecords();
        var references = new List<Reference>();
        while (reader.Read(records))
        {
            for (var i = 0; i < records.Length; i++)
            {
                references.Add(new Reference(records.Kind[i], records.Address[i], (uint)records.Size[i]));
            }
        }

        return references;
    }

    private Report Run(string program, string[] arguments, params string[] options)
    {
        var path = Path.Combine(programs.Directory, "report.json");
        ProgramRun.Quire(["run", "--quiet", "--json", path, .. options, "--", program, .. arguments]);
        return new Report(JsonDocument.Parse(File.ReadAllText(path)).RootElement);
    }

    private sealed record Report(JsonElement Root)
    {
        public long Instructions => Root.GetProperty("instructions").GetInt64();

        public long Walks => Root.GetProperty("tlb").GetProperty("walks").GetInt64();

        public long WalkReferences => Root.GetProperty("tlb").GetProperty("walkReferences").GetInt64();

        public long Tlb(string level, string count) => Root.GetProperty("tlb").GetProperty(level).GetProperty(count).GetInt64();
    }
}
