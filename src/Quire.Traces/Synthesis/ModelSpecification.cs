using System.Globalization;
using Quire.Primitives;

namespace Quire.Traces;

/// <summary>Reads models as written: "zipf:pages=1M,alpha=0.9" or a mixture "zipf:pages=1K*3+loop:pages=200*1".</summary>
public static class ModelSpecification
{
    /// <summary>Every model with its parameters and their defaults.</summary>
    public static IReadOnlyList<(string Name, string Parameters, string Meaning)> All { get; } =
    [
        ("uniform", "pages=1K", "every page as likely as any other"),
        ("zipf", "pages=1K, alpha=1", "page k with probability proportional to 1/(k+1)^alpha"),
        ("sequential", "pages=1G", "0, 1, 2 ... without return"),
        ("loop", "pages=1K, stride=1", "round and round"),
        ("stack", "pages=1K, mean=32", "independent LRU stack distances, geometric"),
        ("phases", "pages=10K, locality=100, length=100K", "a locality that is replaced all at once"),
        ("walk", "pages=10K, window=100, length=1K", "a working set that moves on page by page"),
    ];

    public static ReferenceModel Parse(string text)
    {
        var parts = new List<(ReferenceModel Model, double Weight)>();
        foreach (var part in text.Split('+', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var star = part.LastIndexOf('*');
            var weight = 1.0;
            if (star >= 0 && (!double.TryParse(part[(star + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out weight) || !(weight > 0) || !double.IsFinite(weight)))
            {
                throw new FormatException($"'{part[(star + 1)..]}' is not a weight above 0");
            }

            parts.Add((ParseOne(star >= 0 ? part[..star] : part), weight));
        }

        return parts.Count switch
        {
            0 => throw new FormatException("no model given; there are " + string.Join(", ", All.Select(model => model.Name))),
            1 => parts[0].Model,
            _ => new MixtureModel(parts),
        };
    }

    private static ReferenceModel ParseOne(string text)
    {
        var colon = text.IndexOf(':');
        var name = (colon < 0 ? text : text[..colon]).Trim();
        var values = new Dictionary<string, string>();
        foreach (var pair in (colon < 0 ? "" : text[(colon + 1)..]).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var equals = pair.IndexOf('=');
            if (equals <= 0)
            {
                throw new FormatException($"model {name}: '{pair}' is not name=value");
            }

            values[pair[..equals]] = pair[(equals + 1)..];
        }

        ReferenceModel model = name switch
        {
            "uniform" => new UniformModel(Take("pages", 1024)),
            "zipf" => new ZipfModel(Take("pages", 1024), TakeReal("alpha", 1)),
            "sequential" => new LoopModel(Take("pages", 1 << 30), 1),
            "loop" => new LoopModel(Take("pages", 1024), Take("stride", 1)),
            "stack" => new StackDistanceModel((int)Math.Min(Take("pages", 1024), 1 << 28), TakeReal("mean", 32)),
            "phases" => new PhaseModel(Take("pages", 10_240), Take("locality", 100), Take("length", 102_400)),
            "walk" => new WalkModel(Take("pages", 10_240), Take("window", 100), Take("length", 1024)),
            _ => throw new FormatException($"no model '{name}'; there are {string.Join(", ", All.Select(known => known.Name))}"),
        };
        return values.Count == 0 ? model : throw new FormatException($"model {name}: no parameter '{values.Keys.First()}'");

        long Take(string key, long standard)
        {
            if (!values.Remove(key, out var value))
            {
                return standard;
            }

            return ByteSize.TryParse(value, out var size) && size.Bytes is > 0 and < 1L << 52 ? (long)size.Bytes : throw new FormatException($"model {name}: {key}={value} is not a count from 1");
        }

        double TakeReal(string key, double standard)
        {
            if (!values.Remove(key, out var value))
            {
                return standard;
            }

            return double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number is >= 0 and < 1e15
                ? number
                : throw new FormatException($"model {name}: {key}={value} is not a number from 0");
        }
    }
}
