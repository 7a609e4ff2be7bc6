using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Quire.Compilation;

/// <summary>
/// Lets every loop's turn, every jump's target and every entry of a method, operator, accessor, constructor, local function or lambda take a step. A type
/// whose fields have initial values takes one before the first of them.
/// </summary>
/// <param name="model">Of the tree as it was written.</param>
internal sealed class StepInserter(SemanticModel model) : CSharpSyntaxRewriter
{
    private static readonly StatementSyntax Take = SyntaxFactory.ParseStatement("global::PolicySteps.Take();");
    private static readonly StatementSyntax Enter = SyntaxFactory.ParseStatement("global::PolicySteps.Enter();");

    public override SyntaxNode? VisitForStatement(ForStatementSyntax node) =>
        base.VisitForStatement(node) is ForStatementSyntax loop ? loop.WithStatement(Before(Take, loop.Statement)) : null;

    public override SyntaxNode? VisitForEachStatement(ForEachStatementSyntax node) =>
        base.VisitForEachStatement(node) is ForEachStatementSyntax loop ? loop.WithStatement(Before(Take, loop.Statement)) : null;

    public override SyntaxNode? VisitForEachVariableStatement(ForEachVariableStatementSyntax node) =>
        base.VisitForEachVariableStatement(node) is ForEachVariableStatementSyntax loop ? loop.WithStatement(Before(Take, loop.Statement)) : null;

    public override SyntaxNode? VisitWhileStatement(WhileStatementSyntax node) =>
        base.VisitWhileStatement(node) is WhileStatementSyntax loop ? loop.WithStatement(Before(Take, loop.Statement)) : null;

    public override SyntaxNode? VisitDoStatement(DoStatementSyntax node) =>
        base.VisitDoStatement(node) is DoStatementSyntax loop ? loop.WithStatement(Before(Take, loop.Statement)) : null;

    public override SyntaxNode? VisitLabeledStatement(LabeledStatementSyntax node) =>
        base.VisitLabeledStatement(node) is LabeledStatementSyntax label ? label.WithStatement(Before(Take, label.Statement)) : null;

    // Cases are the targets of goto case.
    public override SyntaxNode? VisitSwitchSection(SwitchSectionSyntax node) =>
        base.VisitSwitchSection(node) is SwitchSectionSyntax section ? section.WithStatements(section.Statements.Insert(0, Take)) : null;

    public override SyntaxNode? VisitMethodDeclaration(MethodDeclarationSyntax node) => Entered((MethodDeclarationSyntax)base.VisitMethodDeclaration(node)!, IsVoid(node));

    public override SyntaxNode? VisitOperatorDeclaration(OperatorDeclarationSyntax node) => Entered((OperatorDeclarationSyntax)base.VisitOperatorDeclaration(node)!, IsVoid(node));

    public override SyntaxNode? VisitConversionOperatorDeclaration(ConversionOperatorDeclarationSyntax node) =>
        Entered((ConversionOperatorDeclarationSyntax)base.VisitConversionOperatorDeclaration(node)!, isVoid: false);

    public override SyntaxNode? VisitConstructorDeclaration(ConstructorDeclarationSyntax node) =>
        Entered((ConstructorDeclarationSyntax)base.VisitConstructorDeclaration(node)!, isVoid: true);

    public override SyntaxNode? VisitLocalFunctionStatement(LocalFunctionStatementSyntax node)
    {
        var isVoid = model.GetDeclaredSymbol(node) is { ReturnsVoid: true };
        var method = (LocalFunctionStatementSyntax)base.VisitLocalFunctionStatement(node)!;
        return method switch
        {
            { Body: { } body } => method.WithBody(Entered(body)),
            { ExpressionBody: { } arrow } => method.WithExpressionBody(null).WithSemicolonToken(default).WithBody(Entered(BodyOf(arrow.Expression, isVoid))),
            _ => method,
        };
    }

    public override SyntaxNode? VisitPropertyDeclaration(PropertyDeclarationSyntax node)
    {
        var property = (PropertyDeclarationSyntax)base.VisitPropertyDeclaration(node)!;
        return property.ExpressionBody is { } arrow
            ? property.WithExpressionBody(null).WithSemicolonToken(default).WithAccessorList(GetterOf(arrow))
            : property;
    }

    public override SyntaxNode? VisitIndexerDeclaration(IndexerDeclarationSyntax node)
    {
        var indexer = (IndexerDeclarationSyntax)base.VisitIndexerDeclaration(node)!;
        return indexer.ExpressionBody is { } arrow
            ? indexer.WithExpressionBody(null).WithSemicolonToken(default).WithAccessorList(GetterOf(arrow))
            : indexer;
    }

    public override SyntaxNode? VisitAccessorDeclaration(AccessorDeclarationSyntax node)
    {
        var accessor = (AccessorDeclarationSyntax)base.VisitAccessorDeclaration(node)!;
        return accessor switch
        {
            { Body: { } body } => accessor.WithBody(Entered(body)),
            { ExpressionBody: { } arrow } => accessor.WithExpressionBody(null).WithSemicolonToken(default)
                .WithBody(Entered(BodyOf(arrow.Expression, !accessor.IsKind(SyntaxKind.GetAccessorDeclaration)))),
            _ => accessor,
        };
    }

    public override SyntaxNode? VisitParenthesizedLambdaExpression(ParenthesizedLambdaExpressionSyntax node)
    {
        var isVoid = IsVoidLambda(node);
        var lambda = (ParenthesizedLambdaExpressionSyntax)base.VisitParenthesizedLambdaExpression(node)!;
        return lambda.WithExpressionBody(null).WithBlock(Entered(lambda.Block ?? BodyOf(lambda.ExpressionBody!, isVoid)));
    }

    public override SyntaxNode? VisitSimpleLambdaExpression(SimpleLambdaExpressionSyntax node)
    {
        var isVoid = IsVoidLambda(node);
        var lambda = (SimpleLambdaExpressionSyntax)base.VisitSimpleLambdaExpression(node)!;
        return lambda.WithExpressionBody(null).WithBlock(Entered(lambda.Block ?? BodyOf(lambda.ExpressionBody!, isVoid)));
    }

    public override SyntaxNode? VisitAnonymousMethodExpression(AnonymousMethodExpressionSyntax node)
    {
        var method = (AnonymousMethodExpressionSyntax)base.VisitAnonymousMethodExpression(node)!;
        return method.WithBlock(Entered(method.Block));
    }

    public override SyntaxNode? VisitClassDeclaration(ClassDeclarationSyntax node) => WithFirstField(node, (ClassDeclarationSyntax)base.VisitClassDeclaration(node)!);

    public override SyntaxNode? VisitStructDeclaration(StructDeclarationSyntax node) => WithFirstField(node, (StructDeclarationSyntax)base.VisitStructDeclaration(node)!);

    public override SyntaxNode? VisitRecordDeclaration(RecordDeclarationSyntax node) => WithFirstField(node, (RecordDeclarationSyntax)base.VisitRecordDeclaration(node)!);

    // Initial values are made before the body of a constructor is entered, in the order in which they are written.
    private static TypeDeclarationSyntax WithFirstField(TypeDeclarationSyntax written, TypeDeclarationSyntax counted)
    {
        var hasInitialValues = written.Members.Any(member => member switch
        {
            FieldDeclarationSyntax field => !field.Modifiers.Any(SyntaxKind.StaticKeyword) && !field.Modifiers.Any(SyntaxKind.ConstKeyword)
                && field.Declaration.Variables.Any(variable => variable.Initializer is not null),
            PropertyDeclarationSyntax property => !property.Modifiers.Any(SyntaxKind.StaticKeyword) && property.Initializer is not null,
            _ => false,
        });
        return hasInitialValues
            ? counted.WithMembers(counted.Members.Insert(0, SyntaxFactory.ParseMemberDeclaration("private readonly byte _policyStep = global::PolicySteps.EnterInitialValues();\n")!))
            : counted;
    }

    private static TMethod Entered<TMethod>(TMethod method, bool isVoid)
        where TMethod : BaseMethodDeclarationSyntax => method switch
        {
            { Body: { } body } => (TMethod)method.WithBody(Entered(body)),
            { ExpressionBody: { } arrow } => (TMethod)method.WithExpressionBody(null).WithSemicolonToken(default).WithBody(Entered(BodyOf(arrow.Expression, isVoid))),
            _ => method,
        };

    private bool IsVoid(BaseMethodDeclarationSyntax method) => model.GetDeclaredSymbol(method) is { ReturnsVoid: true };

    private bool IsVoidLambda(LambdaExpressionSyntax lambda) => model.GetSymbolInfo(lambda).Symbol is IMethodSymbol { ReturnsVoid: true };

    private static AccessorListSyntax GetterOf(ArrowExpressionClauseSyntax arrow) => SyntaxFactory.AccessorList(
        [SyntaxFactory.AccessorDeclaration(SyntaxKind.GetAccessorDeclaration, Entered(BodyOf(arrow.Expression, isVoid: false)))]);

    private static BlockSyntax BodyOf(ExpressionSyntax written, bool isVoid)
    {
        var expression = written.WithoutTrivia();
        StatementSyntax statement = expression switch
        {
            ThrowExpressionSyntax thrown => SyntaxFactory.ThrowStatement(thrown.Expression).NormalizeWhitespace(),
            _ when isVoid => SyntaxFactory.ExpressionStatement(expression),
            _ => SyntaxFactory.ReturnStatement(expression.WithLeadingTrivia(SyntaxFactory.Space)),
        };
        return SyntaxFactory.Block(statement);
    }

    private static BlockSyntax Before(StatementSyntax step, StatementSyntax statement) =>
        statement is BlockSyntax block ? block.WithStatements(block.Statements.Insert(0, step)) : SyntaxFactory.Block(step, statement);

    private static BlockSyntax Entered(BlockSyntax body) => Before(Enter, body);
}
