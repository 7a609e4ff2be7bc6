using System.CommandLine;
using Quire.Replacement;

namespace Quire.Cli.Replay;

/// <summary>quire policies: the replacement policies that --policy names.</summary>
public static class PoliciesCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "one JSON object a policy" };
        var command = new Command("policies", "List the replacement policies: name, family, what goes, parameters, paper.") { json };
        command.Guard((parse, _) =>
        {
            if (parse.GetValue(json))
            {
                WriteJson();
            }
            else
            {
                WriteText();
            }

            return 0;
        });
        return command;
    }

    private static void WriteText()
    {
        var table = new TextTable("policy", "learns from", "frames", "evicts", "parameters (default)", "paper");
        foreach (var policy in PolicyRegistry.All)
        {
            table.Add(NamesOf(policy), FamilyOf(policy), SpaceOf(policy), policy.Description.Title, ParametersOf(policy), policy.Description.Paper);
        }

        table.Write(Console.Out);
    }

    private static void WriteJson()
    {
        foreach (var policy in PolicyRegistry.All)
        {
            Console.WriteLine(TraceOptions.JsonRow(
                ("policy", policy.Name), ("aliases", string.Join(", ", policy.Description.Aliases)), ("family", FamilyOf(policy)), ("frames", SpaceOf(policy)), ("evicts", policy.Description.Title),
                ("parameters", ParametersOf(policy)), ("paper", policy.Description.Paper)));
        }
    }

    private static string NamesOf(PolicyDescriptor policy) => string.Join(", ", [policy.Name, .. policy.Description.Aliases]);

    private static string FamilyOf(PolicyDescriptor policy) => policy.Source switch
    {
        InformationSource.ReferenceBits => "reference bits",
        InformationSource.Future => "the future",
        _ => "every reference",
    };

    private static string SpaceOf(PolicyDescriptor policy) => policy.IsVariableSpace ? "variable" : "fixed";

    private static string ParametersOf(PolicyDescriptor policy) =>
        string.Join(", ", policy.Description.Parameters.Select(parameter => $"{parameter.Name}={parameter.Default}"));
}
