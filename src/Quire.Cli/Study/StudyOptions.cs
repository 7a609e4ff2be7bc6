using System.CommandLine;
using System.Globalization;
using Quire.Cli.Replay;
using Quire.Cli.Run;

namespace Quire.Cli.Study;

/// <summary>What the commands share that run a program many times: the options of quire run, how many runs at once, where results go.</summary>
internal sealed class StudyOptions
{
    // Room for what little RAM pushes out; only pages that are pushed out take space on the host.
    private const string StandardSwap = "1G";
    private const string Swap = "--swap";
    private const string Seed = "--seed";

    private readonly Option<string> _atOnce = new("--jobs", "-j") { Description = "runs at the same time", DefaultValueFactory = _ => Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture) };

    public RunOptions Run { get; } = new();

    public void AddTo(Command command)
    {
        command.Add(_atOnce);
        Run.AddTo(command);
    }

    /// <summary>The runs to be made, checked as far as one run's options can be.</summary>
    public GuestRuns Open(ParseResult parse, CancellationToken cancellation, params ReadOnlySpan<string> except)
    {
        if (!int.TryParse(parse.GetValue(_atOnce), NumberStyles.None, CultureInfo.InvariantCulture, out var atOnce) || atOnce is < 1 or > 1024)
        {
            throw new UsageException($"--jobs '{parse.GetValue(_atOnce)}' is not a number from 1 to 1024");
        }

        List<string> shared = [.. Run.Given(parse, except)];
        if (shared.Contains("--layer"))
        {
            throw new UsageException("--layer goes with a single run: of many, each would find what the others changed");
        }

        if (!except.Contains(Swap) && !shared.Contains(Swap))
        {
            shared.AddRange([Swap, StandardSwap]);
        }

        // The same moment for all, so that only what is studied differs.
        if (!except.Contains(Seed) && !shared.Contains(Seed) && !shared.Contains("--epoch"))
        {
            shared.AddRange(["--epoch", DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)]);
        }

        return new GuestRuns(shared, atOnce, cancellation);
    }
}
