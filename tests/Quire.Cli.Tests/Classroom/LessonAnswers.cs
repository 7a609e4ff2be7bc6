using System.Globalization;
using System.Numerics;

namespace Quire.Cli.Tests.Classroom;

/// <summary>The answers to the lessons' questions, computed without Quire: by definition, by brute force or by counting.</summary>
internal static partial class LessonAnswers
{
    private const int Page = 4096;

    public static Dictionary<string, Func<string[]>> All { get; } = new()
    {
        ["translation"] = Translation,
        ["tlb"] = Tlb,
        ["page-sizes"] = PageSizes,
        ["demand-zero"] = DemandZero,
        ["copy-on-write"] = CopyOnWrite,
        ["shared-pages"] = SharedPages,
        ["mapped-files"] = MappedFiles,
        ["belady"] = Belady,
        ["lru-approximations"] = LruApproximations,
        ["working-set"] = WorkingSet,
        ["thrashing"] = Thrashing,
        ["swap"] = Swap,
        ["out-of-memory"] = OutOfMemory,
        ["control-groups"] = ControlGroups,
        ["overcommit"] = Overcommit,
        ["buddy"] = Buddy,
        ["slab"] = Slab,
        ["fits"] = Fits,
        ["compaction"] = Compaction,
        ["merging"] = Merging,
    };

    private static string[] Translation()
    {
        const ulong Address = 0x7f1234567abc;
        var bits = Convert.ToString((long)Address, 2).PadLeft(48, '0');
        string[] indices = [.. new[] { 0, 9, 18, 27 }.Select(first => Text(Convert.ToInt32(bits.Substring(first, 9), 2)))];

        // The small machine's tables as the lesson shows them: directory entry 0 is frame 0x15, entry 5 there is frame 0x28.
        return [string.Join(' ', indices), Text(Convert.ToInt32(bits[36..], 2)), Text(0x0b5 / 512, 0x0b5 / 32 % 16), $"0x{((0xa8 - 0x80) * 32) + (0x0b5 % 32):x}", Text(12 + 3 * 8, 12 + 4 * 9)];
    }

    private static string[] Tlb()
    {
        const int Huge = 512 * Page;
        var hugePages = Enumerable.Range(0, 2000).Select(page => page * Page / Huge).Distinct().Count();
        return
        [
            $"{64 * Page >> 10}K {64L * Huge >> 20}M",
            Text(hugePages),
            Text(((hugePages * Huge) - (2000 * Page)) >> 10),
            Text(Round(5), Round(4)),
            Text(Math.Round((0.9 * 1) + (0.1 * 41), 9)),
        ];

        static int Round(int pages) => TextbookReplacement.Faults("lru", [.. Enumerable.Range(0, 10 * pages).Select(i => i % pages)], 4);
    }

    private static string[] PageSizes() =>
    [
        Text([.. TablesOf(512, 1)]),
        Text(4 * TablesOf(1024, 512).Sum()),
        Text(4 * TablesOf(1024, 1).Sum()),
        $"{Enumerable.Range(4, 20).Select(shift => 1L << shift).MinBy(page => (double)(8 << 20) * 4 / page + (page / 2.0)) >> 10}K",
        $"{(1L << 32) / Page * 4 >> 20}M",
    ];

    /// <summary>Tables of each level from the last one, for pages from the start of an empty span of 512 GiB: one a distinct prefix of their addresses.</summary>
    private static IEnumerable<int> TablesOf(int pages, long step) =>
        new[] { 21, 30, 39 }.Select(shift => Enumerable.Range(0, pages).Select(page => (page * step * Page) >> shift).Distinct().Count());

    private static string[] DemandZero()
    {
        var memory = new DemandPaging();
        var first = memory.Read(0, 300) + memory.Write(0, 100);
        var held = memory.Frames;
        var again = memory.Write(0, 100);
        memory.Discard(0, 50);
        return [Text(first), Text(held), Text(again), Text(memory.Read(0, 10) + memory.Write(0, 5), memory.Frames)];
    }

    private static string[] CopyOnWrite()
    {
        var pages = new SharedFrames(100);
        var child = pages.Fork();
        var atFork = pages.Copies;
        pages.Write(child, 0, 30);
        pages.Write(0, 0, 100);
        var (copies, frames) = (pages.Copies, pages.Frames);
        pages.End(child);
        var faults = pages.Write(0, 0, 100);

        // As the program: the last page is written in both before it counts.
        var program = new SharedFrames(64);
        var forked = program.Fork();
        program.Write(forked, 63, 1);
        var inChild = program.Write(forked, 0, 40);
        program.End(forked);
        program.Write(0, 63, 1);
        return [Text(atFork), Text(copies), Text(frames), Text(faults), Text(inChild, program.Write(0, 0, 63))];
    }

    private static string[] SharedPages()
    {
        var (parent, writer, all) = Shares(children: 3, written: 30);
        return [Text(Shares(7, 0).Parent * 4), Text(parent), Text(writer), Text(all), Text(OwnOf(written: 30) * 4)];

        static int OwnOf(int written) => written;
    }

    /// <summary>Proportional sizes in pages: each page of each process, divided by how many see the same frame.</summary>
    private static (double Parent, double Writer, double All) Shares(int children, int written)
    {
        var frames = Enumerable.Range(0, children + 1).Select(process => Enumerable.Range(0, 120).Select(page => process == 1 && page < written ? 1000 + page : page).ToArray()).ToArray();
        var users = frames.SelectMany(frame => frame).CountBy(frame => frame).ToDictionary();
        double Of(int process) => frames[process].Sum(frame => 1.0 / users[frame]);
        return (Math.Round(Of(0), 9), Math.Round(Of(1), 9), Math.Round(Enumerable.Range(0, children + 1).Sum(Of), 9));
    }

    private static string[] MappedFiles()
    {
        // Frames of the file are in the cache; a private copy is a frame more.
        var cache = Enumerable.Range(0, 100).Select(page => (Owner: "file", Page: page)).ToHashSet();
        var shared = cache.Count;
        foreach (var owner in new[] { "first", "second" })
        {
            cache.UnionWith(Enumerable.Range(0, 10).Select(page => (owner, page)));
        }

        return [Text(2 * 100), Text(shared), Text(cache.Count), "private", Text(64 * 100, 64 / 16 * 100)];
    }

    private static string[] Belady()
    {
        int[] references = [1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5];
        var (three, four) = (TextbookReplacement.Run("fifo", references, 3), TextbookReplacement.Run("fifo", references, 4));
        int[] longer = [.. references, 1];
        return
        [
            Text([.. four.Where(move => move >= 0).Select(move => move!.Value)]),
            Text(Enumerable.Range(0, references.Length).First(i => three[i] is null && four[i] is not null) + 1),
            Text(TextbookReplacement.Faults("fifo", references, 5), TextbookReplacement.Faults("lru", references, 5)),
            Text([.. new[] { "fifo", "lru" }.SelectMany(policy => new[] { 3, 4 }.Select(frames => TextbookReplacement.Faults(policy, longer, frames)))]),
            IsStackAlgorithm("opt", references) ? "yes" : "no",
        ];
    }

    /// <summary>Whether more frames hit whatever fewer did, in this string.</summary>
    private static bool IsStackAlgorithm(string policy, int[] references) =>
        Enumerable.Range(1, references.Max()).All(frames => TextbookReplacement.Run(policy, references, frames)
            .Zip(TextbookReplacement.Run(policy, references, frames + 1)).All(pair => pair.First is not null || pair.Second is null));

    private static string[] LruApproximations()
    {
        int[] references = [1, 2, 3, 1, 4, 1, 5, 2, 1, 3];
        var counter = new[] { 1, 0, 1, 1 }.Aggregate(0, (value, bit) => (value >> 1) | (bit << 7));
        return [Victims("lru"), Victims("opt"), Text(TextbookReplacement.Faults("clock", [1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5], 3)), Text(counter)];

        string Victims(string policy) => Text([.. TextbookReplacement.Run(policy, references, 3).Where(move => move >= 0).Select(move => move!.Value)]);
    }

    private static string[] WorkingSet()
    {
        int[] references = [1, 2, 3, 1, 2, 3, 4, 5, 4, 5, 4, 5, 1, 2];
        int[] second = [1, 2, 3, 1, 1, 1, 4];

        // The last fault before reference 7 is the first use of page 3; it is more than two references back.
        var lastFault = Array.IndexOf(second, 3);
        var used = second[(lastFault + 1)..6].ToHashSet();
        return [Window(3), Window(5), Text(Faults(2)), Text(Faults(14)), Text([.. new[] { 1, 2, 3 }.Where(page => !used.Contains(page))])];

        string Window(int tau) => Text([.. references[(10 - tau)..10].Distinct().Order()]);
        int Faults(int tau) => Enumerable.Range(0, references.Length).Count(now => !references[Math.Max(0, now - tau)..now].Contains(references[now]));
    }

    private static string[] Thrashing() => [Text(1800 / 400), Text(100 * 30 / (30 + 90)), Text(Math.Round(100.0 * 30 / 90, 1)), Text(100 * 9 / 90)];

    private static string[] Swap()
    {
        int[] rounds = [.. Enumerable.Range(0, 60).Select(i => (i % 20) + 1)];
        return [Text(Second("lru")), Text(Second("opt")), Text(2000 * 80 / 1000, 2000 / 8 * 80 / 1000), Text(64 << 20 >> 12)];

        int Second(string policy) => TextbookReplacement.Run(policy, rounds, 7)[20..40].Count(move => move is not null);
    }

    private static string[] OutOfMemory()
    {
        var (a, b) = (Score(24, 0), Score(8, 300));
        return [Text(a, b), a > b ? "A" : "B", Text(-Enumerable.Range(0, 1000).First(x => Score(24, -x) < Score(8, 0))), "0"];

        static double Score(double megabytes, int adjustment) => megabytes + (64.0 * adjustment / 1000);
    }

    private static string[] ControlGroups()
    {
        var above = new Dictionary<string, int> { ["A"] = 60 - 50, ["B"] = 40 - 50 };
        return [Text((8 - 3) * (1 << 20) / Page), above.Single(group => group.Value > 0).Key, Text(above.Values.Max()), Text(Math.Min(80, 100 - 70))];
    }

    private static string[] Overcommit()
    {
        var limit = 96 + (64 / 2);
        return [Text(256 + 64), Text((limit - 1) / 16), 2 * 600 <= 512 + 1024 / 2 ? "yes" : "no", Text((2 * 600) - (1024 / 2))];
    }

    private static string[] Buddy()
    {
        // One unit is 64K; sizes in K.
        var memory = new TextbookFits(16, "buddy");
        var splits = 0;
        var places = new[] { ('a', 100), ('b', 240), ('c', 64), ('d', 256) }.Select(block => Place(block.Item1, block.Item2)).ToArray();
        memory.Free('b');
        memory.Free('a');
        var last = Place('e', 75);
        var waste = new[] { 100, 240, 64, 256 }.Sum(size => (int)BitOperations.RoundUpToPowerOf2((uint)size) - size);

        // All is free in the end: as many joins as splits.
        return [Kilobytes(places), Kilobytes(last), Text(splits, splits), Text(waste), Kilobytes(384 ^ 128)];

        int Place(char name, int kilobytes)
        {
            var units = (kilobytes + 63) / 64;
            splits += memory.SplitsFor(units);
            return memory.Allocate(name, units) * 64;
        }
    }

    private static string[] Slab() => [Text(Page / 192, Page % 192), Text(28 * 100 / 128), Text((33 + 31) / 32), "1 0"];

    private static string[] Fits()
    {
        var rules = new[] { "first", "best", "worst" };
        var memories = rules.ToDictionary(rule => rule, Prepared);
        var fragmentation = 100 - (100.0 * memories["first"].Holes.Max(hole => hole.Length) / memories["first"].Holes.Sum(hole => hole.Length));
        var places = rules.Select(rule => Kilobytes(memories[rule].Allocate('e', 20), memories[rule].Allocate('f', 25))).ToArray();
        return [.. places, Text((int)fragmentation), string.Join(' ', rules.Where(rule => memories[rule].Allocate('g', 10) >= 0))];

        static TextbookFits Prepared(string rule)
        {
            var memory = new TextbookFits(100, rule);
            foreach (var (name, size) in new[] { ('a', 30), ('b', 20), ('c', 25), ('d', 25) })
            {
                memory.Allocate(name, size);
            }

            memory.Free('a');
            memory.Free('c');
            return memory;
        }
    }

    private static string[] Compaction()
    {
        var (b, d) = (10, 10);
        var pinnedAt = 20 + 10 + 30;
        return [Kilobytes(0, b), Text(b + d), Text(128 - b - d), Text(pinnedAt - b, 128 - pinnedAt - d)];
    }

    private static string[] Merging()
    {
        var contents = Enumerable.Range(0, 100).Select(page => page % 20).ToList();
        var before = contents.Distinct().Count();
        for (var page = 0; page < 10; page++)
        {
            contents[page] = 1000 + page;
        }

        var kept = contents.Where(content => content < 1000).ToList();
        var machines = Enumerable.Range(0, 8).SelectMany(machine => Enumerable.Range(0, 1000).Select(page => page < 600 ? page : (machine * 1000) + page)).ToList();
        var written = Enumerable.Range(0, 8).SelectMany(machine => Enumerable.Range(0, 1000).Select(page => page is >= 100 and < 600 ? page : (machine * 1000) + page + 10_000)).ToList();
        return
        [
            Text(before, 100 - before),
            Text(kept.Distinct().Count(), kept.Count - kept.Distinct().Count()),
            Text(machines.Distinct().Count()),
            Text(written.Distinct().Count()),
        ];
    }

    private static string Kilobytes(params ReadOnlySpan<int> values) => string.Join(' ', values.ToArray().Select(value => value == 0 ? "0" : $"{value}K"));

    private static string Text(params ReadOnlySpan<int> values) => string.Join(' ', values.ToArray().Select(value => value.ToString(CultureInfo.InvariantCulture)));

    private static string Text(params ReadOnlySpan<double> values) => string.Join(' ', values.ToArray().Select(value => value.ToString(CultureInfo.InvariantCulture)));
}
