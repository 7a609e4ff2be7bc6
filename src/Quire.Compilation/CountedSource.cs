using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Quire.Replacement;

namespace Quire.Compilation;

/// <summary>What a file of somebody's own holds.</summary>
/// <param name="Noun">As messages call it.</param>
/// <param name="Library">Whose contract it fulfils: an assembly and its namespace.</param>
/// <param name="Document">Where the types that it may use are listed.</param>
internal sealed record SourceKind(string Noun, string Library, string Document)
{
    public static SourceKind Policy { get; } = new("policy", "Quire.Replacement", "docs/write-a-policy.md");

    public static SourceKind Program { get; } = new("program", "Quire.Collection", "docs/write-a-policy.md");
}

/// <summary>
/// A C# file, checked and compiled, with a step counted in each loop and each method of it: what never answers is stopped after the same number of steps in
/// every run. What would make runs differ (files, threads, clocks, the process) and what ends a process past any handler is refused, by
/// <see cref="PolicyRules"/>; this keeps mistakes out, it is no sandbox.
/// </summary>
internal static class CountedSource
{
    private const string Steps = """
        global using System;
        global using System.Collections.Generic;
        global using System.Linq;

        internal static class PolicySteps
        {
            private static long _left = 1_000_000;

            // What happens when they are used up: it gives new ones, or throws.
            public static Action UsedUp = () => throw new TimeoutException("it does not answer");

            public static void Refill(long steps) => _left = steps;

            public static void Take()
            {
                if (--_left < 0)
                {
                    UsedUp();
                }
            }

            public static byte EnterInitialValues()
            {
                Enter();
                return 0;
            }

            public static void Enter()
            {
                System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
                Take();
            }
        }
        """;

    /// <exception cref="PolicyFormatException">The file cannot be read or compiled, or uses what it may not; says where and why.</exception>
    public static Assembly Compile(string path, SourceKind kind)
    {
        string source;
        try
        {
            source = File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new PolicyFormatException($"{path}: {exception.Message}");
        }

        var options = new CSharpParseOptions(LanguageVersion.Latest);
        var written = CSharpSyntaxTree.ParseText(source, options, path);
        var preamble = CSharpSyntaxTree.ParseText($"global using {kind.Library};\n{Steps}", options);
        var compilation = CSharpCompilation.Create($"{kind.Noun}-{Path.GetFileNameWithoutExtension(path)}")
            .WithOptions(new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, nullableContextOptions: NullableContextOptions.Enable))
            .WithReferences(References.Value.Where(reference => reference.Name is not ("Quire.Replacement.dll" or "Quire.Collection.dll") || reference.Name == kind.Library + ".dll").Select(reference => reference.Metadata))
            .AddSyntaxTrees(written, preamble);
        Require(compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));
        var model = compilation.GetSemanticModel(written);
        PolicyRules.Check(model, kind);

        var counted = compilation.ReplaceSyntaxTree(written, CSharpSyntaxTree.Create((CSharpSyntaxNode)new StepInserter(model).Visit(written.GetRoot()), options, path));
        using var image = new MemoryStream();
        Require(counted.Emit(image).Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));
        return Assembly.Load(image.ToArray());
    }

    /// <summary>The static method or field of the steps that a compiled file counts.</summary>
    public static Type StepsOf(Assembly assembly) => assembly.GetType("PolicySteps")!;

    private static void Require(IEnumerable<Diagnostic> errors)
    {
        var lines = errors.Select(error => $"{Place(error.Location)}: error {error.Id}: {error.GetMessage(System.Globalization.CultureInfo.InvariantCulture)}").ToList();
        if (lines.Count > 0)
        {
            throw new PolicyFormatException(string.Join(Environment.NewLine, lines));
        }
    }

    private static string Place(Location location)
    {
        var span = location.GetLineSpan();
        return $"{span.Path}:{span.StartLinePosition.Line + 1}:{span.StartLinePosition.Character + 1}";
    }

    private static readonly Lazy<IReadOnlyList<(string Name, MetadataReference Metadata)>> References = new(() =>
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(file => Path.GetFileName(file) is var name && (name.StartsWith("System.", StringComparison.Ordinal) || name is "mscorlib.dll" or "netstandard.dll" or "Quire.Replacement.dll" or "Quire.Collection.dll" or "Quire.Primitives.dll"))
            .Select(file => (Path.GetFileName(file), (MetadataReference)MetadataReference.CreateFromFile(file)))]);
}
