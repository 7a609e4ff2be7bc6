using Quire.Collection;
using Quire.Replacement;

namespace Quire.Compilation;

/// <summary>A program of somebody's own failed; the message is one line for its author.</summary>
public sealed class ProgramFailureException(string message) : Exception(message);

/// <summary>
/// Makes a program for collected heaps of a C# file: a public class that is IMutatorProgram and is made without arguments. Loops and calls are counted, so that a program that goes on for ever can be ended.
/// </summary>
public static class ProgramCompiler
{
    // Between two looks at whether the run is to end: about a millisecond.
    private const long StepsBetweenLooks = 200_000;

    /// <param name="path">The file.</param>
    /// <param name="cancellation">The token of the run that is going on: it ends the program whatever that does.</param>
    /// <exception cref="CollectionFormatException">The file cannot be read or compiled, or holds no program; says where and why.</exception>
    public static ProgramSpecification Compile(string path, Func<CancellationToken> cancellation)
    {
        System.Reflection.Assembly assembly;
        try
        {
            assembly = CountedSource.Compile(path, SourceKind.Program);
        }
        catch (PolicyFormatException error)
        {
            throw new CollectionFormatException(error.Message);
        }

        var programs = assembly.GetExportedTypes().Where(type => type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(IMutatorProgram)) && type.GetConstructor(Type.EmptyTypes) is not null).ToList();
        if (programs.Count != 1)
        {
            throw new CollectionFormatException($"{path}: it holds {programs.Count} public classes that are IMutatorProgram and are made without arguments; one is wanted");
        }

        var steps = CountedSource.StepsOf(assembly);
        var refill = steps.GetMethod("Refill")!.CreateDelegate<Action<long>>();
        steps.GetField("UsedUp")!.SetValue(null, () =>
        {
            cancellation().ThrowIfCancellationRequested();
            refill(StepsBetweenLooks);
        });
        var descriptor = new ProgramDescriptor(Path.GetFileName(path), "a program of one's own", [], _ => new OwnProgram(path, programs[0]));
        return new ProgramSpecification(descriptor, ParameterValues.None);
    }

    private sealed class OwnProgram(string path, Type program) : IMutatorProgram
    {
        public long Run<TPaths>(Mutator<TPaths> heap)
            where TPaths : struct, IPaths
        {
            try
            {
                return ((IMutatorProgram)Activator.CreateInstance(program)!).Run(heap);
            }
            catch (Exception error) when (Unwrapped(error) is not (HeapExhaustedException or HeapCorruptedException or NotSupportedException or OperationCanceledException))
            {
                throw new ProgramFailureException($"{path} failed under plan {heap.Plan.Descriptor.Name}: {PolicyWords.Of(error)}{Place(Unwrapped(error))}");
            }
        }

        private static Exception Unwrapped(Exception error) => error is System.Reflection.TargetInvocationException or TypeInitializationException && error.InnerException is { } inner ? Unwrapped(inner) : error;

        // The innermost method of the program's own.
        private string Place(Exception error) => new System.Diagnostics.StackTrace(error).GetFrames()
            .Select(System.Diagnostics.DiagnosticMethodInfo.Create)
            .FirstOrDefault(method => method?.DeclaringAssemblyName == program.Assembly.FullName && method?.DeclaringTypeName != "PolicySteps") is { } method ? $", in {method.Name}" : "";
    }
}
