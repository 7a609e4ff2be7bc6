using System.Text.RegularExpressions;
using Quire.Primitives;

namespace Quire.Collection.Steps;

/// <summary>What one step of a script does.</summary>
public enum HeapVerb
{
    /// <summary>"a=[b c]", "a=100", "a=[b]+100": makes an object; names in brackets that are new are made with it, and may get their own fields once, later.</summary>
    Make,

    /// <summary>"a.0=b", "a.0=null".</summary>
    Store,

    /// <summary>"root a".</summary>
    Root,

    /// <summary>"-a": no root and no variable any more; where it is neither, fields that refer to it become null.</summary>
    Drop,

    /// <summary>"gc", "minor"; "start", "mark" and "finish" for plans that mark beside the program.</summary>
    Collect,
}

/// <summary>A step as it stands in the script.</summary>
/// <param name="Verb">What it does.</param>
/// <param name="Text">As written.</param>
/// <param name="Position">Of its first character, from 1.</param>
/// <param name="Name">The object it is about; empty for collections.</param>
/// <param name="Values">What fields refer to, null for none: of the whole object, or of the one field stored to.</param>
/// <param name="Field">The field stored to.</param>
/// <param name="Kind">Of a collection.</param>
public sealed record HeapScriptStep(HeapVerb Verb, string Text, int Position, string Name, IReadOnlyList<string?> Values, int Field, CollectionKind Kind);

/// <summary>An object of a script: so many fields, and bytes without references behind them.</summary>
public sealed record HeapScriptObject(string Name, int Fields, long Bytes);

/// <summary>A few steps on a small heap, as a user writes them: "a=[b c] b=[d] root a -b gc". Names are checked before anything runs.</summary>
public sealed partial class HeapScript
{
    /// <summary>Objects of a script, at most.</summary>
    public const int MostObjects = 200;

    private const string Null = "null";
    private const long MostBytes = 1 << 30;

    private static readonly Dictionary<string, CollectionKind> s_collections = new()
    {
        ["gc"] = CollectionKind.Full, ["minor"] = CollectionKind.Minor, ["start"] = CollectionKind.Start, ["mark"] = CollectionKind.Increment, ["finish"] = CollectionKind.Finish,
    };

    private readonly Dictionary<string, HeapScriptObject> _objects = [];
    private readonly HashSet<string> _defined = [];
    private readonly List<HeapScriptStep> _steps = [];

    private HeapScript()
    {
    }

    public IReadOnlyList<HeapScriptStep> Steps => _steps;

    public IReadOnlyDictionary<string, HeapScriptObject> Objects => _objects;

    /// <exception cref="CollectionFormatException">Says what is wrong, and where: the position of a character, from 1.</exception>
    public static HeapScript Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var script = new HeapScript();
        var tokens = Split(text);
        for (var i = 0; i < tokens.Count; i++)
        {
            var (token, position) = tokens[i];
            if (token == "root")
            {
                if (i + 1 == tokens.Count)
                {
                    throw Wrong(position, "root of what? Write root and a name");
                }

                i++;
                script.Add(HeapVerb.Root, $"root {tokens[i].Text}", position, script.Known(tokens[i].Text, tokens[i].Position));
            }
            else if (s_collections.TryGetValue(token, out var kind))
            {
                script._steps.Add(new HeapScriptStep(HeapVerb.Collect, token, position, "", [], 0, kind));
            }
            else if (token[0] == '-')
            {
                script.Add(HeapVerb.Drop, token, position, script.Known(token[1..], position + 1));
            }
            else if (StorePattern().Match(token) is { Success: true } store)
            {
                script.AddStore(token, position, store);
            }
            else if (MakePattern().Match(token) is { Success: true } make)
            {
                script.AddMake(token, position, make);
            }
            else
            {
                throw Wrong(position, $"'{token}' is no step: a=[b c], a=100, a.0=b, a.0=null, root a, -a, {string.Join(", ", s_collections.Keys)} are");
            }
        }

        return script._steps.Count > 0 ? script : throw Wrong(1, "there is no step");
    }

    [GeneratedRegex(@"^(?<name>[A-Za-z_]\w*)\.(?<field>\w*)=(?<value>\w+)$")]
    private static partial Regex StorePattern();

    [GeneratedRegex(@"^(?<name>[A-Za-z_]\w*)=(?:\[(?<fields>[^\[\]]*)\](?:\+(?<more>\w+))?|(?<bytes>\d\w*))$")]
    private static partial Regex MakePattern();

    private void Add(HeapVerb verb, string text, int position, string name) => _steps.Add(new HeapScriptStep(verb, text, position, name, [], 0, default));

    private void AddStore(string token, int position, Match match)
    {
        var name = Known(match.Groups["name"].Value, position);
        var fields = _objects[name].Fields;
        var at = match.Groups["field"];
        if (!int.TryParse(at.Value, out var field) || field >= fields)
        {
            throw Wrong(position + at.Index, $"{name} has no field '{at.Value}'; it has {(fields == 0 ? "none" : fields == 1 ? "0" : $"0 to {fields - 1}")}");
        }

        var value = match.Groups["value"];
        var refersTo = value.Value == Null ? null : Known(value.Value, position + value.Index);
        _steps.Add(new HeapScriptStep(HeapVerb.Store, token, position, name, [refersTo], field, default));
    }

    private void AddMake(string token, int position, Match match)
    {
        var name = NewName(match.Groups["name"].Value, position);
        if (!_defined.Add(name))
        {
            var before = _steps.FindIndex(step => step.Verb == HeapVerb.Make && step.Name == name) + 1;
            throw Wrong(position, $"{name} was made by step {before} already; {name}.0=b writes a field of it");
        }

        var values = new List<string?>();
        foreach (Match value in WordPattern().Matches(match.Groups["fields"].Value))
        {
            values.Add(value.Value == Null ? null : NewName(value.Value, position + match.Groups["fields"].Index + value.Index));
        }

        var size = match.Groups["bytes"].Success ? match.Groups["bytes"] : match.Groups["more"];
        var bytes = size.Success ? Bytes(size.Value, position + size.Index) : 0;
        if (values.Count > 0 && values.Count + ((bytes + 7) / 8) > TypeTable.MostWords)
        {
            throw Wrong(position, $"an object with fields has at most {TypeTable.MostWords} words");
        }

        _objects[name] = new HeapScriptObject(name, values.Count, bytes);
        foreach (var value in values.OfType<string>())
        {
            _objects.TryAdd(value, new HeapScriptObject(value, 0, 0));
        }

        if (_objects.Count > MostObjects)
        {
            throw Wrong(position, $"a script has at most {MostObjects} objects");
        }

        _steps.Add(new HeapScriptStep(HeapVerb.Make, token, position, name, values, 0, default));
    }

    [GeneratedRegex(@"\w+")]
    private static partial Regex WordPattern();

    private static long Bytes(string text, int position) => ByteSize.TryParse(text, out var size) && size.Bytes is >= 1 and <= MostBytes
        ? (long)size.Bytes
        : throw Wrong(position, $"'{text}' is not a size from 1 to {new ByteSize(MostBytes)}");

    private string Known(string name, int position) => _objects.ContainsKey(name)
        ? name
        : throw Wrong(position, $"no object '{name}'{(_objects.Count == 0 ? ": nothing has been made yet" : $"; there are {string.Join(", ", _objects.Keys)}")}");

    private static string NewName(string name, int position) => name is Null or "root" || s_collections.ContainsKey(name) || !(char.IsLetter(name[0]) || name[0] == '_')
        ? throw Wrong(position, $"'{name}' is no name for an object: a letter, then letters and digits, and no word of the language")
        : name;

    private static CollectionFormatException Wrong(int position, string what) => new($"--steps: character {position}: {what}");

    // Words with spaces, commas or semicolons between; brackets keep theirs together.
    private static List<(string Text, int Position)> Split(string text)
    {
        var tokens = new List<(string, int)>();
        var start = -1;
        var open = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            var isGap = i == text.Length || (open < 0 && (char.IsWhiteSpace(text[i]) || text[i] is ',' or ';'));
            if (i < text.Length && text[i] == '[')
            {
                open = open < 0 ? i : throw Wrong(i + 1, "a bracket within brackets");
            }
            else if (i < text.Length && text[i] == ']')
            {
                open = open < 0 ? throw Wrong(i + 1, "] without [") : -1;
            }

            if (isGap && start >= 0)
            {
                if (open >= 0)
                {
                    throw Wrong(open + 1, "[ without ]");
                }

                tokens.Add((text[start..i], start + 1));
                start = -1;
            }
            else if (!isGap && start < 0)
            {
                start = i;
            }
        }

        return tokens;
    }
}
