using System.Globalization;
using System.Numerics;

namespace Quire.Hardware.Translation;

/// <summary>Shape of one level: Ways entries a set, Entries / Ways sets (a power of two).</summary>
public readonly record struct TlbLevelOptions(int Entries, int Ways, TlbReplacement Replacement)
{
    public const int MaximumEntries = 1 << 16;
    public const int MaximumPlruWays = 64;

    public int Sets => Entries / Ways;
}

/// <summary>Fully associative caches of upper table entries (Intel SDM vol. 3A, 4.10.3): how many each level holds; 0 is none.</summary>
public readonly record struct PagingStructureCacheOptions(int DirectoryEntries, int DirectoryPointerEntries, int Level4Entries)
{
    public const int MaximumEntries = 1024;

    public static readonly PagingStructureCacheOptions Off = new(0, 0, 0);
}

/// <summary>What happens to non-global entries when CR3 changes.</summary>
public enum TlbTagging
{
    /// <summary>Entries carry their address space's tag and stay.</summary>
    Tagged,

    /// <summary>As without PCIDs: a switch flushes them.</summary>
    FlushOnSwitch,
}

/// <summary>The TLB model of one CPU, as the option <c>--tlb</c> describes it.</summary>
public sealed record TlbOptions
{
    /// <summary>Off: no model, no counts beyond references; translation is as fast as it can be.</summary>
    public static readonly TlbOptions Off = new() { IsModelled = false };

    public static readonly TlbOptions Default = new();

    public const string Syntax =
        "off, or a comma list of l1d=ENTRIESxWAYS[:POLICY], l1i=..., l2=...|off, replace=lru|fifo|random|plru, pwc=PDE[/PDPTE/PML4E]|off, tags=on|off";

    public bool IsModelled { get; init; } = true;

    public TlbLevelOptions Data { get; init; } = new(64, 4, TlbReplacement.Lru);

    public TlbLevelOptions Code { get; init; } = new(128, 8, TlbReplacement.Lru);

    /// <summary>Shared by data and code; null: none.</summary>
    public TlbLevelOptions? Second { get; init; } = new(512, 4, TlbReplacement.Lru);

    public PagingStructureCacheOptions PagingStructures { get; init; } = new(32, 4, 2);

    public TlbTagging Tagging { get; init; } = TlbTagging.Tagged;

    /// <summary>Reads <see cref="Syntax"/>; what is not named keeps its default. False: <paramref name="error"/> says what was wrong and what is allowed.</summary>
    public static bool TryParse(string text, out TlbOptions options, out string error)
    {
        options = Default;
        error = string.Empty;
        if (string.Equals(text, "off", StringComparison.Ordinal))
        {
            options = Off;
            return true;
        }

        var parser = new Parser();
        foreach (var part in text.Split(','))
        {
            if (!parser.TryAccept(part))
            {
                error = parser.Error;
                return false;
            }
        }

        if (!parser.TryFinish(out var result))
        {
            error = parser.Error;
            return false;
        }

        options = result;
        return true;
    }

    /// <summary>The text that <see cref="TryParse"/> reads back to the same options.</summary>
    public override string ToString()
    {
        if (!IsModelled)
        {
            return "off";
        }

        var second = Second is { } level ? Describe(level) : "off";
        var structures = PagingStructures == PagingStructureCacheOptions.Off
            ? "off"
            : $"{PagingStructures.DirectoryEntries}/{PagingStructures.DirectoryPointerEntries}/{PagingStructures.Level4Entries}";
        var tags = Tagging == TlbTagging.Tagged ? "on" : "off";
        return $"l1d={Describe(Data)},l1i={Describe(Code)},l2={second},pwc={structures},tags={tags}";
    }

    private static string Describe(TlbLevelOptions level) => $"{level.Entries}x{level.Ways}:{NameOf(level.Replacement)}";

    private static string NameOf(TlbReplacement replacement) => replacement switch
    {
        TlbReplacement.Lru => "lru",
        TlbReplacement.Fifo => "fifo",
        TlbReplacement.Random => "random",
        _ => "plru",
    };

    /// <summary>Collects the parts; a level without a policy of its own takes <c>replace</c>, wherever that stands in the list.</summary>
    private sealed class Parser
    {
        private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
        private TlbReplacement _replacement = TlbReplacement.Lru;
        private Level _data = new(64, 4, Policy: null);
        private Level _code = new(128, 8, Policy: null);
        private Level? _second = new Level(512, 4, Policy: null);
        private PagingStructureCacheOptions _structures = Default.PagingStructures;
        private TlbTagging _tagging = TlbTagging.Tagged;

        public string Error { get; private set; } = string.Empty;

        public bool TryAccept(string part)
        {
            var equals = part.IndexOf('=');
            if (equals <= 0)
            {
                return Fail($"'{part}' is not NAME=VALUE; wanted: {Syntax}");
            }

            var name = part[..equals];
            var value = part[(equals + 1)..];
            if (!_seen.Add(name))
            {
                return Fail($"'{name}' is given twice");
            }

            switch (name)
            {
                case "l1d":
                    return TryLevel(name, value, out _data);
                case "l1i":
                    return TryLevel(name, value, out _code);
                case "l2" when value is "off":
                    _second = null;
                    return true;
                case "l2":
                    var read = TryLevel(name, value, out var second);
                    _second = second;
                    return read;
                case "replace":
                    return TryReplacement(value, out _replacement);
                case "pwc":
                    return TryStructures(value);
                case "tags" when value is "on" or "off":
                    _tagging = value is "on" ? TlbTagging.Tagged : TlbTagging.FlushOnSwitch;
                    return true;
                case "tags":
                    return Fail($"tags={value}: wanted on or off");
                default:
                    return Fail($"'{name}' is not known; wanted: {Syntax}");
            }
        }

        public bool TryFinish(out TlbOptions options)
        {
            options = new TlbOptions
            {
                Data = Resolve(_data),
                Code = Resolve(_code),
                Second = _second is { } second ? Resolve(second) : null,
                PagingStructures = _structures,
                Tagging = _tagging,
            };
            return IsPossible("l1d", options.Data) && IsPossible("l1i", options.Code) && (options.Second is not { } level || IsPossible("l2", level));
        }

        private TlbLevelOptions Resolve(Level level) => new(level.Entries, level.Ways, level.Policy ?? _replacement);

        private bool IsPossible(string name, TlbLevelOptions level)
        {
            var plru = level.Replacement == TlbReplacement.TreePlru;
            return !plru || (BitOperations.IsPow2(level.Ways) && level.Ways <= TlbLevelOptions.MaximumPlruWays)
                || Fail($"{name}: plru needs a power of two of ways, at most {TlbLevelOptions.MaximumPlruWays}, not {level.Ways}");
        }

        private bool TryLevel(string name, string value, out Level level)
        {
            level = default;
            TlbReplacement? policy = null;
            var colon = value.IndexOf(':');
            if (colon >= 0)
            {
                if (!TryReplacement(value[(colon + 1)..], out var named))
                {
                    return false;
                }

                policy = named;
                value = value[..colon];
            }

            var parts = value.Split('x');
            if (parts.Length != 2 || !TryNumber(parts[0], out var entries) || !TryNumber(parts[1], out var ways))
            {
                return Fail($"{name}={value}: wanted ENTRIESxWAYS, such as 64x4");
            }

            if (entries is < 1 or > TlbLevelOptions.MaximumEntries)
            {
                return Fail($"{name}: {entries} entries; the range is 1 to {TlbLevelOptions.MaximumEntries}");
            }

            if (ways < 1 || ways > entries || entries % ways != 0 || !BitOperations.IsPow2(entries / ways))
            {
                return Fail($"{name}: {entries} entries in sets of {ways}; the number of sets must be a power of two");
            }

            level = new Level(entries, ways, policy);
            return true;
        }

        private bool TryReplacement(string name, out TlbReplacement replacement)
        {
            TlbReplacement? known = name switch
            {
                "lru" => TlbReplacement.Lru,
                "fifo" => TlbReplacement.Fifo,
                "random" => TlbReplacement.Random,
                "plru" => TlbReplacement.TreePlru,
                _ => null,
            };
            replacement = known.GetValueOrDefault();
            return known is not null || Fail($"'{name}' is not a replacement: lru, fifo, random, plru");
        }

        private bool TryStructures(string value)
        {
            if (value is "off")
            {
                _structures = PagingStructureCacheOptions.Off;
                return true;
            }

            var numbers = new List<int>();
            foreach (var part in value.Split('/'))
            {
                if (!TryNumber(part, out var number) || number > PagingStructureCacheOptions.MaximumEntries)
                {
                    return Fail($"pwc={value}: wanted off or 0 to {PagingStructureCacheOptions.MaximumEntries} entries, as PDE or PDE/PDPTE/PML4E");
                }

                numbers.Add(number);
            }

            switch (numbers)
            {
                case [var directory]:
                    // The proportions of the default: upper entries reach 512 times further each.
                    _structures = new PagingStructureCacheOptions(directory, (directory + 7) / 8, (directory + 15) / 16);
                    return true;
                case [var directory, var pointers, var top]:
                    _structures = new PagingStructureCacheOptions(directory, pointers, top);
                    return true;
                default:
                    return Fail($"pwc={value}: wanted PDE or PDE/PDPTE/PML4E");
            }
        }

        private static bool TryNumber(string text, out int number) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

        private bool Fail(string error)
        {
            Error = error;
            return false;
        }

        private readonly record struct Level(int Entries, int Ways, TlbReplacement? Policy);
    }
}
