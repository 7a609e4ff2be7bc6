using Microsoft.CodeAnalysis;

namespace Quire.Compilation;

/// <summary>
/// The framework as a policy may use it: numbers, text, collections, LINQ over them and the policy contract. What is not listed is refused, so that
/// what a later framework adds is refused too.
/// </summary>
internal static class AllowedTypes
{
    private static readonly HashSet<string> Namespaces =
    [
        "System.Collections", "System.Collections.Generic", "System.Collections.Frozen", "System.Collections.Immutable", "System.Linq", "System.Numerics",
        "System.Diagnostics.CodeAnalysis", "Quire.Primitives",
    ];

    // Comparison of structures follows references without end; queries that are built from expressions run whatever these say.
    private static readonly HashSet<string> Excepted =
    [
        "System.Collections.StructuralComparisons", "System.Collections.IStructuralEquatable", "System.Collections.IStructuralComparable",
        "System.Linq.Queryable", "System.Linq.IQueryable", "System.Linq.IOrderedQueryable", "System.Linq.IQueryProvider", "System.Linq.EnumerableQuery", "System.Linq.EnumerableExecutor",
        "System.Linq.ParallelEnumerable", "System.Linq.ParallelQuery", "System.Linq.OrderedParallelQuery", "System.Linq.AsyncEnumerable",
    ];

    private static readonly HashSet<string> Types =
    [
        "System.Object", "System.String", "System.Math", "System.MathF", "System.Array", "System.Enum", "System.ValueType", "System.Nullable", "System.ValueTuple", "System.Void",
        "System.Boolean", "System.Char", "System.SByte", "System.Byte", "System.Int16", "System.UInt16", "System.Int32", "System.UInt32", "System.Int64", "System.UInt64",
        "System.Int128", "System.UInt128", "System.IntPtr", "System.UIntPtr", "System.Half", "System.Single", "System.Double", "System.Decimal",
        "System.Span", "System.ReadOnlySpan", "System.Memory", "System.ReadOnlyMemory", "System.MemoryExtensions", "System.ArraySegment", "System.Index", "System.Range",
        "System.Action", "System.Func", "System.Predicate", "System.Comparison", "System.Converter",
        "System.IComparable", "System.IEquatable", "System.IDisposable", "System.IFormattable", "System.ISpanFormattable", "System.IFormatProvider", "System.ICloneable",
        "System.IParsable", "System.ISpanParsable", "System.IUtf8SpanFormattable", "System.IUtf8SpanParsable", "System.IConvertible",
        "System.BitConverter", "System.Convert", "System.StringComparison", "System.StringComparer", "System.StringSplitOptions", "System.MidpointRounding",
        "System.Attribute", "System.FlagsAttribute", "System.ObsoleteAttribute", "System.AttributeUsageAttribute", "System.AttributeTargets",
        "System.Exception", "System.SystemException", "System.ApplicationException", "System.ArgumentException", "System.ArgumentNullException", "System.ArgumentOutOfRangeException",
        "System.ArithmeticException", "System.ArrayTypeMismatchException", "System.DivideByZeroException", "System.FormatException", "System.IndexOutOfRangeException",
        "System.InvalidCastException", "System.InvalidOperationException", "System.NotImplementedException", "System.NotSupportedException", "System.NullReferenceException",
        "System.OverflowException", "System.RankException", "System.TimeoutException", "System.OutOfMemoryException", "System.InsufficientExecutionStackException",
        "System.Text.StringBuilder",
        "System.Runtime.CompilerServices.MethodImplAttribute", "System.Runtime.CompilerServices.MethodImplOptions", "System.Runtime.CompilerServices.IsExternalInit",
        "System.Runtime.CompilerServices.DefaultInterpolatedStringHandler",
    ];

    public static bool Contains(INamedTypeSymbol type, SourceKind kind)
    {
        var outermost = type.OriginalDefinition;
        while (outermost.ContainingType is { } container)
        {
            outermost = container;
        }

        var space = outermost.ContainingNamespace.ToDisplayString();
        var name = $"{space}.{outermost.Name}";
        return Types.Contains(name) || ((Namespaces.Contains(space) || space == kind.Library) && !Excepted.Contains(name));
    }
}
