using System.Text.Json;
using System.Text.Json.Serialization;

namespace Quire.Cli.Alloc;

/// <summary>Where results go besides the table: JSON to a file or standard output (then nothing else goes there), drawings to the terminal or a page.</summary>
internal sealed record AllocOutput(string? Json, string? Html, bool Draw)
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        WriteIndented = true,
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
