using System.Text.Json;
using System.Text.Json.Serialization;

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

    public bool WritesText => Json != "-";

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
