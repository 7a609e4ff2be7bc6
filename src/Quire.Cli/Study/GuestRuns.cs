using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Quire.Cli.Replay;
using Quire.Observation.Runs;

namespace Quire.Cli.Study;

/// <summary>How one run of the program went.</summary>
/// <param name="Report">Null if the run never began; <paramref name="Error"/> says why then.</param>
/// <param name="OutputDigest">Of the program's standard output, then its standard error: equal for equal output.</param>
internal sealed record GuestRun(string Name, RunReport? Report, int ExitCode, string OutputDigest, string Error)
{
    /// <summary>The program came to its own end, whatever its exit code.</summary>
    public bool IsComplete => Report is { End: "finished", OutOfMemory.Count: 0 };

    /// <summary>What stands in a table where a complete run has numbers.</summary>
    public string Failure => Report switch
    {
        null => Error,
        { OutOfMemory.Count: > 0 } => "killed: out of memory",
        { End: "finished" } => "",
        { End: var end } => end,
    };
}

/// <param name="Name">Tells the run from the others.</param>
/// <param name="Options">Of quire run, for this run alone.</param>
/// <param name="Program">With its arguments.</param>
internal sealed record GuestVariant(string Name, IReadOnlyList<string> Options, IReadOnlyList<string> Program)
{
    /// <summary>The name as a person reads it.</summary>
    public string Title { get; init; } = Name;
}

/// <summary>
/// Runs one program many times under different options, each run a process of its own, several at once. Every run reads the same standard input;
/// its output is compared, not shown.
/// </summary>
internal sealed class GuestRuns : IDisposable
{
    private const int ErrorShown = 200;

    private readonly IReadOnlyList<string> _shared;
    private readonly string _directory = Directory.CreateTempSubdirectory("quire-").FullName;
    private readonly SemaphoreSlim _slots;
    private readonly CancellationToken _cancellation;
    private readonly string? _input;
    private readonly StudyProgress _progress = new();
    private int _started;

    /// <param name="shared">Options of quire run for each of the runs.</param>
    public GuestRuns(IReadOnlyList<string> shared, int atOnce, CancellationToken cancellation)
    {
        _shared = shared;
        _slots = new SemaphoreSlim(atOnce);
        AtOnce = atOnce;
        _cancellation = cancellation;
        _input = SpoolInput();
    }

    public int AtOnce { get; }

    /// <summary>Runs each variant once, in that order; those that an interrupt left out are missing.</summary>
    public IReadOnlyList<GuestRun> Run(IReadOnlyList<GuestVariant> variants)
    {
        _progress.Plan(variants.Count);
        var runs = Task.WhenAll(variants.Select(RunAsync)).GetAwaiter().GetResult();
        _progress.Clear();
        return [.. runs.OfType<GuestRun>()];
    }

    public void Dispose()
    {
        _progress.Dispose();
        _slots.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task<GuestRun?> RunAsync(GuestVariant variant)
    {
        try
        {
            await _slots.WaitAsync(_cancellation);
        }
        catch (OperationCanceledException)
        {
            return null;
        }

        GuestRun? run = null;
        _progress.Begin(variant);
        try
        {
            return run = await StartAsync(variant);
        }
        finally
        {
            _progress.End(variant, run);
            _slots.Release();
        }
    }

    private async Task<GuestRun?> StartAsync(GuestVariant variant)
    {
        var path = Path.Combine(_directory, string.Create(CultureInfo.InvariantCulture, $"{Interlocked.Increment(ref _started)}.json"));
        var self = Environment.ProcessPath ?? throw new UsageException("the path of this program is unknown, so it cannot run itself again");
        var start = new ProcessStartInfo(self) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var word in (string[])["run", "--quiet", "--json", path, .. _shared, .. variant.Options, "--", .. variant.Program])
        {
            start.ArgumentList.Add(word);
        }

        using var process = Process.Start(start) ?? throw new UsageException("a run could not be started");
        await using var killing = _cancellation.Register(() => process.Kill(entireProcessTree: true));
        var feeding = FeedAsync(process);
        using var error = new MemoryStream();
        var outputDigest = DigestAsync(process.StandardOutput.BaseStream, kept: null);
        var errorDigest = DigestAsync(process.StandardError.BaseStream, error);
        await Task.WhenAll(feeding, outputDigest, errorDigest);
        await process.WaitForExitAsync(CancellationToken.None);
        if (_cancellation.IsCancellationRequested)
        {
            return null;
        }

        // One that never began has a report, too, which says no more than its error.
        var report = RunReportJson.Read(File.Exists(path) ? await File.ReadAllTextAsync(path, CancellationToken.None) : "");
        return new GuestRun(variant.Name, report is { End: "notStarted" } ? null : report, process.ExitCode, await outputDigest + await errorDigest, FirstLine(error));
    }

    private async Task FeedAsync(Process process)
    {
        try
        {
            await using var to = process.StandardInput.BaseStream;
            if (_input is not null)
            {
                await using var from = File.OpenRead(_input);
                await from.CopyToAsync(to, CancellationToken.None);
            }
        }
        catch (IOException)
        {
            // The program has ended without reading all of it.
        }
    }

    private static async Task<string> DigestAsync(Stream stream, MemoryStream? kept)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 16];
        int count;
        while ((count = await stream.ReadAsync(buffer)) > 0)
        {
            digest.AppendData(buffer, 0, count);
            if (kept?.Length < ErrorShown)
            {
                kept.Write(buffer, 0, count);
            }
        }

        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }

    private static string FirstLine(MemoryStream error)
    {
        var line = System.Text.Encoding.UTF8.GetString(error.ToArray()).Split('\n')[0].Replace("quire: ", "", StringComparison.Ordinal);
        return line.Length <= ErrorShown ? line : line[..ErrorShown];
    }

    // Read once, since each run needs all of it.
    private string? SpoolInput()
    {
        if (!Console.IsInputRedirected)
        {
            return null;
        }

        var path = Path.Combine(_directory, "input");
        using var file = File.Create(path);
        using var input = Console.OpenStandardInput();
        input.CopyTo(file);
        return path;
    }
}
