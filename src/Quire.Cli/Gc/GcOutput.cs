using System.Text.Json;
using System.Text.Json.Serialization;
using Quire.Collection;

namespace Quire.Cli.Gc;

/// <summary>Where results go besides the table: JSON to a file or standard output (then nothing else goes there).</summary>
internal sealed record GcOutput(string? Json)
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    /// <summary>File for the unified log.</summary>
    public string? Log { get; init; }

    /// <summary>File for comma-separated values, - for standard output.</summary>
    public string? Csv { get; init; }

    /// <summary>File for the page.</summary>
    public string? Html { get; init; }

    public bool Draws { get; init; }

    public bool WritesText => Json != "-" && Csv != "-";

    public void WritePage(Func<string> page)
    {
        if (Html is not null)
        {
            File.WriteAllText(Html, page());
        }
    }

    public void WriteCsv(IReadOnlyList<RunResult> results)
    {
        if (Csv == "-")
        {
            GcTable.WriteCsv(Console.Out, results);
        }
        else if (Csv is not null)
        {
            using var file = File.CreateText(Csv);
            GcTable.WriteCsv(file, results);
        }
    }

    public void WriteLogs(IReadOnlyList<RunResult> results)
    {
        if (Log is null)
        {
            return;
        }

        foreach (var result in results)
        {
            var path = results.Count == 1 ? Log : $"{Log}.{result.Plan.Replace(':', '-').Replace(',', '-')}";
            using var file = File.CreateText(path);
            UnifiedLog.Write(file, result);
        }
    }

    public void WriteJson<T>(T value)
    {
        if (Json is null)
        {
            return;
        }

        var text = JsonSerializer.Serialize(value, s_json);
        if (Json == "-")
        {
            Console.Out.WriteLine(text);
        }
        else
        {
            File.WriteAllText(Json, text + "\n");
        }
    }
}
