using System.CommandLine;
using System.Globalization;
using Quire.Cli.Classroom.Exercises;
using Quire.Cli.Replay;

namespace Quire.Cli.Classroom.Translation;

/// <summary>quire translate: page tables filled at random, and the walks of addresses through them.</summary>
public static class TranslateCommand
{
    private const int MostAddresses = 100;
    private const string Small = "small";
    private const string X64 = "x86-64";
    private const ulong FirstNonCanonical = 1UL << 47;

    public static Command Create()
    {
        var exercises = new ExerciseOptions();
        var addresses = new Argument<string[]>("addresses") { Description = "addresses to translate, such as 0x7f1234000123; random ones if none is given", Arity = ArgumentArity.ZeroOrMore };
        var machine = new Option<string>("--machine") { Description = $"{Small} (12-bit addresses, two levels) or {X64} (the tables and the walk of quire run)", DefaultValueFactory = _ => Small };
        var count = new Option<int>("--count") { Description = "so many random addresses", DefaultValueFactory = _ => 4 };
        var command = new Command("translate", "Walk page tables by hand: indices, entries, physical addresses; exercises with hidden answers.") { addresses, machine, count };
        exercises.AddTo(command);
        command.Guard((parse, _) =>
        {
            if (parse.GetValue(count) is < 1 or > MostAddresses)
            {
                throw new UsageException($"--count {parse.GetValue(count)} is not from 1 to {MostAddresses}");
            }

            Func<int, int, IReadOnlyList<ulong>, Exercise> make = parse.GetValue(machine) switch
            {
                Small => TranslationExercise.OfSmall,
                X64 => TranslationExercise.OfX64,
                var other => throw new UsageException($"--machine '{other}' is neither {Small} nor {X64}"),
            };
            var most = parse.GetValue(machine) == Small ? 1UL << SmallMachine.AddressBits : FirstNonCanonical;
            List<ulong> asked = [.. parse.GetValue(addresses)!.Select(text => Read(text, most))];
            var seed = exercises.Seed(parse);
            if (exercises.AreWanted(parse))
            {
                return exercises.Run(parse, seed, each => make(each, parse.GetValue(count), asked));
            }

            Tell(make(seed, parse.GetValue(count), asked));
            return 0;
        });
        return command;
    }

    /// <summary>Each walk, step by step.</summary>
    private static void Tell(Exercise exercise)
    {
        Sheet.WriteGiven(Console.Out, exercise);
        foreach (var question in exercise.Questions)
        {
            Console.WriteLine(question.Prompt);
            for (var value = 0; value < question.Answer.Count; value++)
            {
                foreach (var line in TextWrap.Lines($"  {question.Answer[value]}: {question.Why(value)}", TextWrap.TerminalWidth, "    "))
                {
                    Console.WriteLine(line);
                }
            }

            Console.WriteLine();
        }
    }

    private static ulong Read(string text, ulong most)
    {
        var isHexadecimal = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return ulong.TryParse(isHexadecimal ? text.AsSpan(2) : text, isHexadecimal ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out var address) && address < most
            ? address
            : throw new UsageException($"'{text}' is not an address below 0x{most:x}");
    }
}
