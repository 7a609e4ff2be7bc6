using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Quire.Cli.Replay;
using Quire.Kernel;
using Quire.Primitives;

namespace Quire.Cli.Run;

/// <summary>The options of quire run that put the program into a control group of its own.</summary>
internal sealed class GroupOptions
{
    private const int MostTasks = 4_194_304;

    // Below it no program gets as far as its first instruction.
    private static readonly ByteSize s_smallestMax = new(128 << 10);

    private readonly Option<string?> _max = new("--memory-max") { Description = "most memory that the program may have before it is killed (memory.max)" };
    private readonly Option<string?> _high = new("--memory-high") { Description = "memory above which the program is slowed down and reclaimed from (memory.high)" };
    private readonly Option<string?> _low = new("--memory-low") { Description = "memory that is taken from the program only when nothing else is left (memory.low)" };
    private readonly Option<string?> _min = new("--memory-min") { Description = "memory that is never taken from the program (memory.min)" };
    private readonly Option<string?> _swap = new("--memory-swap-max") { Description = "most swap that the program may have (memory.swap.max)" };
    private readonly Option<string?> _pids = new("--pids-max") { Description = "most threads and processes that the program may have at once (pids.max)" };

    public IEnumerable<Option> All => [_max, _high, _low, _min, _swap, _pids];

    /// <summary>Null if none of them was given.</summary>
    public ControlGroupOptions? Read(ParseResult parse)
    {
        var options = new ControlGroupOptions
        {
            MemoryMax = Amount(parse, _max),
            MemoryHigh = Amount(parse, _high),
            MemoryLow = Amount(parse, _low),
            MemoryMin = Amount(parse, _min),
            SwapMax = Amount(parse, _swap),
            MostTasks = parse.GetValue(_pids) is { } text ? Tasks(text) : null,
        };
        if (options.MemoryMax < s_smallestMax)
        {
            throw new UsageException($"--memory-max {parse.GetValue(_max)}: at least {s_smallestMax} is possible");
        }

        return options.IsEmpty ? null : options;
    }

    private static ByteSize? Amount(ParseResult parse, Option<string?> option) =>
        parse.GetValue(option) is not { } text || text == "max" ? null
        : ByteSize.TryParse(text, out var size) ? size
        : throw new UsageException($"{option.Name} '{text}' is neither an amount of memory such as 64M or 1.5G nor max");

    private static int? Tasks(string text) =>
        text == "max" ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is > 0 and <= MostTasks ? count
        : throw new UsageException($"--pids-max '{text}' is neither a number from 1 to {MostTasks} nor max");
}
