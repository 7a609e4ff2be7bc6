using System.Text.Json;
using System.Text.Json.Serialization;

namespace Quire.Observation.Runs;

/// <summary>The report as one JSON object, names in camel case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(RunReport))]
public sealed partial class RunReportJson : JsonSerializerContext
{
    public static string Write(RunReport report) => JsonSerializer.Serialize(report, Default.RunReport);

    /// <summary>Null if the text is no report.</summary>
    public static RunReport? Read(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, Default.RunReport);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
