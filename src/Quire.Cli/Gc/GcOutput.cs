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

    public bool WritesText => Json != "-";

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
