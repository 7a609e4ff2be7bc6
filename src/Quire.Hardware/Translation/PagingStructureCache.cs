using System.Runtime.CompilerServices;
using Quire.Hardware.Paging;

namespace Quire.Hardware.Translation;

/// <summary>
/// Caches of upper table entries, one for each level that names tables (Intel SDM vol. 3A, 4.10.3): a walk starts below the lowest entry
/// that is found. Each is fully associative with true LRU and tagged by address space.
/// </summary>
internal sealed class PagingStructureCache
{
    private const ulong ValidBit = 1UL << 63;
    private const ulong LinearBits = (1UL << 48) - 1;
    private const int TagBits = 12;

    /// <summary>Index is the level of the table that the entries name: 1 the PDE cache, 2 the PDPTE cache, 3 the PML4E cache.</summary>
    private readonly Level[] _levels;

    private ulong _clock;

    // Nothing has come in since all of this tag was dropped: page after page of one address space is invalidated without a walk in between.
    private ulong _droppedTag = ulong.MaxValue;

    public PagingStructureCache(PagingStructureCacheOptions options) =>
        _levels = [new(0), new(options.DirectoryEntries), new(options.DirectoryPointerEntries), new(options.Level4Entries)];

    /// <summary>Finds the lowest table known for an address: returns its level and what <see cref="PageWalk.Tables"/> holds of it, or the root.</summary>
    public int FindStart(ulong address, ulong tag, ulong root, out ulong table)
    {
        for (var level = 1; level < FourLevelPaging.TopLevel; level++)
        {
            var entry = _levels[level].IndexOf(KeyOf(address, level, tag));
            if (entry >= 0)
            {
                _levels[level].Stamps[entry] = ++_clock;
                table = _levels[level].Tables[entry];
                return level;
            }
        }

        table = root;
        return FourLevelPaging.TopLevel;
    }

    /// <summary>Remembers the tables that a successful walk reached.</summary>
    public unsafe void Fill(ulong address, ulong tag, ref PageWalk walk)
    {
        _droppedTag = ulong.MaxValue;
        for (var level = FourLevelPaging.TopLevel - 1; level >= 1; level--)
        {
            if ((walk.ReachedTables & (1 << level)) != 0)
            {
                _levels[level].Insert(KeyOf(address, level, tag), walk.Tables[level], ++_clock);
            }
        }
    }

    /// <summary>Forgets the entries that a walk of the address would use.</summary>
    public void DropAddress(ulong address, ulong tag)
    {
        for (var level = 1; level < FourLevelPaging.TopLevel; level++)
        {
            var entry = _levels[level].IndexOf(KeyOf(address, level, tag));
            if (entry >= 0)
            {
                _levels[level].Keys[entry] = 0;
            }
        }
    }

    public void DropTag(ulong tag)
    {
        if (tag == _droppedTag)
        {
            return;
        }

        _droppedTag = tag;
        foreach (var level in _levels)
        {
            foreach (ref var key in level.Keys.AsSpan())
            {
                if ((key & FourLevelPaging.MaximumTag) == tag)
                {
                    key = 0;
                }
            }
        }
    }

    public void DropAll()
    {
        foreach (var level in _levels)
        {
            level.Keys.AsSpan().Clear();
        }
    }

    private static ulong KeyOf(ulong address, int level, ulong tag) =>
        ValidBit | (((address & LinearBits) >> FourLevelPaging.ShiftOf(level + 1)) << TagBits) | tag;

    private readonly struct Level(int entries)
    {
        public readonly ulong[] Keys = new ulong[entries];
        public readonly ulong[] Tables = new ulong[entries];
        public readonly ulong[] Stamps = new ulong[entries];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int IndexOf(ulong key) => Keys.AsSpan().IndexOf(key);

        public void Insert(ulong key, ulong table, ulong stamp)
        {
            if (Keys.Length == 0)
            {
                return;
            }

            var victim = IndexOf(0);
            if (victim < 0)
            {
                victim = 0;
                for (var i = 1; i < Stamps.Length; i++)
                {
                    if (Stamps[i] < Stamps[victim])
                    {
                        victim = i;
                    }
                }
            }

            Keys[victim] = key;
            Tables[victim] = table;
            Stamps[victim] = stamp;
        }
    }
}
