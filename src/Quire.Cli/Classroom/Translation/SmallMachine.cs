namespace Quire.Cli.Classroom.Translation;

/// <summary>
/// A machine that fits a blackboard: virtual addresses of 12 bits, pages of 32 bytes, 128 frames. Two levels: 3 bits choose one of 8 directory entries, 4 bits one of
/// 16 table entries, 5 bits the byte. An entry is a byte: 0x80 says that it is valid, the other bits are the frame. The directory is frame 0.
/// </summary>
internal sealed class SmallMachine
{
    public const int AddressBits = 12;
    public const int PageBytes = 32;
    private const int Frames = 128;
    private const int DirectoryEntries = 8;
    private const int TableEntries = 16;
    private const byte Valid = 0x80;

    private readonly byte[] _memory = new byte[Frames * PageBytes];

    /// <param name="tables">Tables that are there: 1 to 8.</param>
    /// <param name="pages">Pages mapped in each: 1 to 16.</param>
    /// <param name="random">Chooses frames and places.</param>
    public SmallMachine(int tables, int pages, Random random)
    {
        var frames = new Queue<int>(Shuffled(random, Frames - 1).Select(frame => frame + 1));
        foreach (var place in Shuffled(random, DirectoryEntries).Take(tables))
        {
            var table = frames.Dequeue();
            _memory[place] = (byte)(Valid | table);
            foreach (var entry in Shuffled(random, TableEntries).Take(pages))
            {
                _memory[(table * PageBytes) + entry] = (byte)(Valid | frames.Dequeue());
            }
        }
    }

    /// <summary>Frames that hold the directory and the tables, with their entries.</summary>
    public IEnumerable<(int Frame, IReadOnlyList<byte> Entries)> Tables()
    {
        yield return (0, _memory[..DirectoryEntries]);
        foreach (var table in _memory[..DirectoryEntries].Where(entry => (entry & Valid) != 0).Select(entry => entry & ~Valid).Order())
        {
            yield return (table, _memory.AsSpan(table * PageBytes, TableEntries).ToArray());
        }
    }

    /// <summary>The indices and entries of the walk, and the physical address; null: not mapped.</summary>
    public (IReadOnlyList<(int Index, byte Entry)> Steps, int? Physical) Walk(int address)
    {
        var directoryIndex = address >> 9;
        var directoryEntry = _memory[directoryIndex];
        if ((directoryEntry & Valid) == 0)
        {
            return ([(directoryIndex, directoryEntry)], null);
        }

        var index = (address >> 5) & (TableEntries - 1);
        var entry = _memory[((directoryEntry & ~Valid) * PageBytes) + index];
        return ([(directoryIndex, directoryEntry), (index, entry)], (entry & Valid) == 0 ? null : ((entry & ~Valid) * PageBytes) + (address & (PageBytes - 1)));
    }

    private static List<int> Shuffled(Random random, int count)
    {
        var numbers = Enumerable.Range(0, count).ToArray();
        random.Shuffle(numbers);
        return [.. numbers];
    }
}
