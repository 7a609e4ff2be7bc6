using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Quire.Replacement;

namespace Quire.Compilation;

/// <summary>
/// What a policy of one's own may not contain: types beyond <see cref="AllowedTypes"/>, and the parts of the language with which a program ends or hangs this
/// process without a step or an exception: pointers, memory of the stack, code that runs on other threads, structs and frames larger than
/// a step's check of the stack leaves room for.
/// </summary>
internal sealed class PolicyRules(SemanticModel model, SourceKind kind) : CSharpSyntaxWalker
{
    private const int LongestSource = 256 << 10;
    private const long LargestStruct = 1024;

    // A step makes sure of 128 KiB of stack (RuntimeHelpers.EnsureSufficientExecutionStack).
    private const long LargestFrame = 32 << 10;
    private const int DeepestStruct = 16;

    // Why, for those that somebody may look for.
    private static readonly (string Prefix, string Reason)[] Reasons =
    [
        ("System.IO", Differs), ("System.Threading", Differs), ("System.Net", Differs), ("System.Reflection", Differs), ("System.Diagnostics", Differs),
        ("System.Runtime.InteropServices", Differs), ("System.Environment", Differs), ("System.Console", Differs), ("System.DateTime", Differs), ("System.DateTimeOffset", Differs),
        ("System.Random", Differs), ("System.GC", Differs), ("System.Activator", Differs), ("System.AppDomain", Differs), ("System.Guid", Differs), ("System.HashCode", Differs),
    ];

    private const string Differs = "its runs would differ";

    private readonly Dictionary<ITypeSymbol, long> _sizes = new(SymbolEqualityComparer.Default);
    private readonly Stack<long> _frames = new();

    /// <exception cref="PolicyFormatException">Something is refused; says where, what and why.</exception>
    public static void Check(SemanticModel model, SourceKind kind)
    {
        var root = model.SyntaxTree.GetRoot();
        if (root.FullSpan.Length > LongestSource)
        {
            throw new PolicyFormatException($"{model.SyntaxTree.FilePath}: error: a {kind.Noun} has at most {LongestSource >> 10} KiB");
        }

        var rules = new PolicyRules(model, kind);
        rules._frames.Push(0);
        rules.Visit(root);
    }

    public override void Visit(SyntaxNode? node)
    {
        if (node is null)
        {
            return;
        }

        // Deep trees are for the compiler to refuse; it did not, so this one ends.
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        Refuse(node);
        if (node is RecordDeclarationSyntax && model.GetDeclaredSymbol(node) is INamedTypeSymbol record
            && record.GetMembers().OfType<IFieldSymbol>().Any(field => field is { IsStatic: false, Type.IsValueType: false, Type.SpecialType: not SpecialType.System_String }))
        {
            throw Refused(node, "references in record structs: what is generated for them may follow them without end; a struct does");
        }

        var isBody = node is MemberDeclarationSyntax and not BaseTypeDeclarationSyntax or AccessorDeclarationSyntax or LocalFunctionStatementSyntax or AnonymousFunctionExpressionSyntax;
        if (isBody)
        {
            _frames.Push(0);
        }

        // The innermost name that is refused is the one that is told of.
        base.Visit(node);
        CheckSymbols(node);
        if (isBody)
        {
            _frames.Pop();
        }
    }

    private void Refuse(SyntaxNode node)
    {
        var what = node switch
        {
            StackAllocArrayCreationExpressionSyntax or ImplicitStackAllocArrayCreationExpressionSyntax => "stackalloc: the stack may not have so much",
            UnsafeStatementSyntax or FixedStatementSyntax or PointerTypeSyntax or FunctionPointerTypeSyntax => "pointers",
            AwaitExpressionSyntax => "await: nothing waits",
            DestructorDeclarationSyntax => "finalizers: they run on another thread",
            QueryExpressionSyntax => "query expressions: their steps are not counted; call Where, Select and so on",
            YieldStatementSyntax => "yield: its steps are not counted; fill a list",
            RecordDeclarationSyntax record when !record.IsKind(SyntaxKind.RecordStructDeclaration) => "record classes: what is generated for them may follow references without end; a class or a record struct does",
            MethodDeclarationSyntax or LocalFunctionStatementSyntax or AnonymousFunctionExpressionSyntax when ModifiersOf(node).Any(SyntaxKind.AsyncKeyword) => "async: nothing waits",
            MemberDeclarationSyntax or LocalFunctionStatementSyntax when ModifiersOf(node).Any(SyntaxKind.ExternKeyword) => "extern: native code",
            _ => null,
        };
        if (what is not null)
        {
            throw Refused(node, what);
        }
    }

    private static SyntaxTokenList ModifiersOf(SyntaxNode node) => node switch
    {
        MemberDeclarationSyntax member => member.Modifiers,
        LocalFunctionStatementSyntax function => function.Modifiers,
        AnonymousFunctionExpressionSyntax function => function.Modifiers,
        _ => default,
    };

    private void CheckSymbols(SyntaxNode node)
    {
        if (node is not (ExpressionSyntax or AttributeSyntax or ConstructorInitializerSyntax or SelectOrGroupClauseSyntax or VariableDeclaratorSyntax or ForEachStatementSyntax))
        {
            return;
        }

        var symbol = model.GetSymbolInfo(node).Symbol;
        CheckType(node, symbol as ITypeSymbol ?? symbol?.ContainingType, depth: 0);
        if (symbol is IMethodSymbol method)
        {
            CheckArguments(node, method, method.TypeArguments);
        }
        else if (symbol is INamedTypeSymbol named)
        {
            CheckArguments(node, named, named.TypeArguments);
        }

        if (node is ExpressionSyntax)
        {
            var type = model.GetTypeInfo(node);
            CheckType(node, type.Type, depth: 0);
            CheckType(node, type.ConvertedType, depth: 0);
            if (type.Type is { IsValueType: true } value && symbol is not ITypeSymbol && SizeOf(value, 0) > sizeof(long))
            {
                TakeFrame(node, value);
            }
        }
        else if (model.GetDeclaredSymbol(node) is ILocalSymbol local)
        {
            CheckType(node, local.Type, depth: 0);
            TakeFrame(node, local.Type);
        }
    }

    private void CheckType(SyntaxNode node, ITypeSymbol? type, int depth)
    {
        switch (type)
        {
            case null or IErrorTypeSymbol or ITypeParameterSymbol:
                return;
            case IPointerTypeSymbol or IFunctionPointerTypeSymbol:
                throw Refused(node, "pointers");
            case IDynamicTypeSymbol:
                throw Refused(node, "dynamic");
            case IArrayTypeSymbol array:
                CheckType(node, array.ElementType, depth + 1);
                return;
            case INamedTypeSymbol named when depth < DeepestStruct:
                CheckNamed(node, named);
                foreach (var argument in named.TypeArguments)
                {
                    CheckType(node, argument, depth + 1);
                }

                return;
            default:
                throw Refused(node, "types that are nested so deep");
        }
    }

    private void CheckNamed(SyntaxNode node, INamedTypeSymbol type)
    {
        if (type.Locations.Any(location => location.IsInSource))
        {
            if (type.GetAttributes().Any(attribute => attribute.AttributeClass?.Name == "InlineArrayAttribute"))
            {
                throw Refused(node, "inline arrays: the stack may not have so much");
            }

            if (type.IsValueType && SizeOf(type, 0) is var size && size > LargestStruct)
            {
                throw Refused(node, $"structs above {LargestStruct} bytes, and {type.Name} has {size}: the stack may not have so much");
            }

            return;
        }

        if (!AllowedTypes.Contains(type, kind))
        {
            var name = type.ToDisplayString();
            var reason = Array.Find(Reasons, reason => name == reason.Prefix || name.StartsWith(reason.Prefix + ".", StringComparison.Ordinal));
            throw reason.Prefix is null
                ? Refused(node, $"{name}: it is not among the types that {kind.Document} lists")
                : Refused(node, $"{reason.Prefix}: {reason.Reason}");
        }

        if (type.IsValueType && SizeOf(type, 0) > LargestStruct)
        {
            throw Refused(node, $"structs above {LargestStruct} bytes: the stack may not have so much");
        }
    }

    // A generic method that calls itself with a larger type each time makes new types, and larger frames, without end.
    private void CheckArguments(SyntaxNode node, ISymbol generic, IEnumerable<ITypeSymbol> arguments)
    {
        if (generic.Locations.Any(location => location.IsInSource) && arguments.Any(argument => argument is not ITypeParameterSymbol && HasParameter(argument)))
        {
            throw Refused(node, "a generic of its own with a type that is made of type parameters");
        }
    }

    private static bool HasParameter(ITypeSymbol type) => type switch
    {
        ITypeParameterSymbol => true,
        IArrayTypeSymbol array => HasParameter(array.ElementType),
        INamedTypeSymbol named => named.TypeArguments.Any(HasParameter),
        _ => false,
    };

    // What a call gives back in memory needs a place in the frame, as a variable does.
    private void TakeFrame(SyntaxNode node, ITypeSymbol type)
    {
        var bytes = _frames.Pop() + (type.IsValueType ? SizeOf(type, 0) : sizeof(long));
        _frames.Push(bytes);
        if (bytes > LargestFrame)
        {
            throw Refused(node, "so many values in one method: the stack may not have so much");
        }
    }

    // At least what the runtime takes: every field on a boundary of eight bytes.
    private long SizeOf(ITypeSymbol type, int depth)
    {
        if (type.IsReferenceType || type.TypeKind is TypeKind.Enum or TypeKind.TypeParameter || type.SpecialType is not (SpecialType.None or SpecialType.System_Nullable_T))
        {
            return type.SpecialType == SpecialType.System_Decimal ? 2 * sizeof(long) : sizeof(long);
        }

        if (_sizes.TryGetValue(type, out var known))
        {
            return known;
        }

        var size = 0L;
        if (depth > DeepestStruct)
        {
            return LargestStruct + 1;
        }

        foreach (var field in type.GetMembers().OfType<IFieldSymbol>().Where(field => !field.IsStatic))
        {
            size = Math.Min(size + SizeOf(field.Type, depth + 1), int.MaxValue);
        }

        // Fields of the framework's own structs may be hidden; the largest of them is of four words.
        return _sizes[type] = Math.Max(size, type.Locations.Any(location => location.IsInSource) ? sizeof(long) : 4 * sizeof(long));
    }

    private PolicyFormatException Refused(SyntaxNode node, string what)
    {
        var span = node.GetLocation().GetLineSpan();
        return new PolicyFormatException(string.Create(
            CultureInfo.InvariantCulture, $"{span.Path}:{span.StartLinePosition.Line + 1}:{span.StartLinePosition.Character + 1}: error: a {kind.Noun} may not use {what}"));
    }
}
