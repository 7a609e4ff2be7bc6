using System.Globalization;
using Quire.Allocation;

namespace Quire.Cli.Classroom.Exercises;

/// <summary>The textbook's free list: what each allocation gives, how long the list is.</summary>
internal static class FreeListQuestions
{
    private const string Fails = "fails";

    public static Exercise Make(FreeListOptions options, IReadOnlyList<FreeListOperation> operations)
    {
        var steps = FreeListExercise.Solve(options, operations);
        var allocations = steps.Where(step => !step.Operation.IsFree).ToList();
        var header = options.Header > 0 ? $", a header of {options.Header} in front of each block" : "";
        return new Exercise(
            Text($"A free list: {options.Memory} bytes from {options.Base}{header}, {options.Policy} fit, list order {options.Order}, {(options.Joining == FreeListJoining.Never ? "not joined" : "joined at each free")}"),
            [.. steps.Select((step, i) => Text($"{i + 1,3}. {Operation(step)}"))],
            [
                new Question(
                    $"For each allocation the address that the program gets, or {Fails}:",
                    [.. allocations.Select(step => step.Address is { } address ? Text($"{address + options.Header}") : Fails)],
                    answer => Text($"{Operation(allocations[answer])}: {allocations[answer].Searched} searched, afterwards the list is {List(allocations[answer])}")),
                new Question("The number of entries in the free list after each operation:", [.. steps.Select(step => Text($"{step.Free.Count}"))], answer => $"{Operation(steps[answer])}: {List(steps[answer])}"),
            ]);
    }

    private static string Operation(FreeListStep step) => step.Operation.IsFree ? Text($"free p{step.Pointer}") : Text($"p{step.Pointer} = allocate {step.Operation.Number}");

    private static string List(FreeListStep step) => step.Free.Count == 0 ? "empty" : string.Join(" -> ", step.Free.Select(entry => Text($"[{entry.Address}: {entry.Size}]")));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
