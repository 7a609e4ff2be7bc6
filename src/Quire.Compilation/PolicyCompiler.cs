using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Quire.Replacement;

namespace Quire.Compilation;

/// <summary>
/// Makes a policy of a C# file. Each loop and each method of it is given a step to count, so that a policy that never answers is stopped after the same
/// number of steps in every run. What would make runs differ (files, threads, clocks, the process) and what ends a process past any handler is refused, by
/// <see cref="PolicyRules"/>; this keeps mistakes out, it is no sandbox.
/// </summary>
public static class PolicyCompiler
{
    private const string Preamble = """
        global using System;
        global using System.Collections.Generic;
        global using System.Linq;
        global using Quire.Replacement;

        internal static class PolicySteps
        {
            private static long _left = 1_000_000;

            public static void Refill(long steps) => _left = steps;

            public static void Take()
            {
                if (--_left < 0)
                {
                    throw new TimeoutException("it does not answer");
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

    /// <exception cref="PolicyFormatException">The file cannot be read or compiled, or holds no policy; says where and why.</exception>
    public static PolicyDescriptor Compile(string path)
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
        var preamble = CSharpSyntaxTree.ParseText(Preamble, options);
        var compilation = CSharpCompilation.Create("policy-" + Path.GetFileNameWithoutExtension(path))
            .WithOptions(new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release, nullableContextOptions: NullableContextOptions.Enable))
            .WithReferences(References.Value)
            .AddSyntaxTrees(written, preamble);
        Require(compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));
        var model = compilation.GetSemanticModel(written);
        PolicyRules.Check(model);

        var counted = compilation.ReplaceSyntaxTree(written, CSharpSyntaxTree.Create((CSharpSyntaxNode)new StepInserter(model).Visit(written.GetRoot()), options, path));
        using var image = new MemoryStream();
        Require(counted.Emit(image).Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));
        return FindPolicy(Assembly.Load(image.ToArray()), path);
    }

    private static PolicyDescriptor FindPolicy(Assembly assembly, string path)
    {
        var policies = assembly.GetExportedTypes()
            .Where(type => type.IsValueType && type.GetInterfaces().Contains(typeof(IReplacementPolicy))
                && type.GetInterfaces().Any(contract => contract.IsGenericType && contract.GetGenericTypeDefinition() == typeof(IPolicyDefinition<>)))
            .ToList();
        if (policies.Count != 1)
        {
            throw new PolicyFormatException($"{path}: it holds {policies.Count} public structs that are IReplacementPolicy and IPolicyDefinition of themselves; one is wanted");
        }

        if (policies[0].GetInterfaces().Contains(typeof(IVariableSpacePolicy)))
        {
            throw new PolicyFormatException($"{path}: a policy of one's own has a fixed number of frames; it cannot be an IVariableSpacePolicy");
        }

        var guarded = typeof(GuardedPolicy<>).MakeGenericType(policies[0]);
        try
        {
            return (PolicyDescriptor)typeof(PolicyDescriptor).GetMethod(nameof(PolicyDescriptor.Of))!.MakeGenericMethod(guarded).Invoke(null, [])!;
        }
        catch (TargetInvocationException exception)
        {
            throw new PolicyFormatException($"{path}: its Description or Source failed: {PolicyWords.Of(exception.InnerException ?? exception)}");
        }
    }

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

    private static readonly Lazy<IReadOnlyList<MetadataReference>> References = new(() =>
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(file => Path.GetFileName(file) is var name && (name.StartsWith("System.", StringComparison.Ordinal) || name is "mscorlib.dll" or "netstandard.dll" or "Quire.Replacement.dll"))
            .Select(file => MetadataReference.CreateFromFile(file))]);
}
