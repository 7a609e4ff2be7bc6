using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Quire.Compilation;

/// <summary>Lets every loop's turn, every jump's target and every entry of a method, accessor, local function or lambda take a step.</summary>
internal sealed class StepInserter : CSharpSyntaxRewriter
{
    private static readonly StatementSyntax Take = SyntaxFactory.ParseStatement("global::PolicySteps.Take();");
    private static readonly StatementSyntax Enter = SyntaxFactory.ParseStatement("global::PolicySteps.Enter();");

    public override SyntaxNode? VisitForStatement(ForStatementSyntax node) =>
        base.VisitForStatement(node) is ForStatementSyntax loop ? loop.WithStatement(Before(Take, loop.Statement)) : null;

    public override SyntaxNode? VisitForEachStatement(ForEachStatementSyntax node) =>
        base.VisitForEachStatement(node) is ForEachStatementSyntax loop ? loop.WithStatement(Before(Take, loop.Statement)) : null;

    public override SyntaxNode? VisitWhileStatement(WhileStatementSyntax node) =>
        base.VisitWhileStatement(node) is WhileStatementSyntax loop ? loop.WithStatement(Before(Take, loop.Statement)) : null;

    public override SyntaxNode? VisitDoStatement(DoStatementSyntax node) =>
        base.VisitDoStatement(node) is DoStatementSyntax loop ? loop.WithStatement(Before(Take, loop.Statement)) : null;

    public override SyntaxNode? VisitLabeledStatement(LabeledStatementSyntax node) =>
        base.VisitLabeledStatement(node) is LabeledStatementSyntax label ? label.WithStatement(Before(Take, label.Statement)) : null;

    public override SyntaxNode? VisitMethodDeclaration(MethodDeclarationSyntax node)
    {
        var method = (MethodDeclarationSyntax)base.VisitMethodDeclaration(node)!;
        return method switch
        {
            { Body: { } body } => method.WithBody(Entered(body)),
            { ExpressionBody: { } arrow } => method.WithExpressionBody(null).WithSemicolonToken(default).WithBody(Entered(BodyOf(arrow, method.ReturnType))),
            _ => method,
        };
    }

    public override SyntaxNode? VisitLocalFunctionStatement(LocalFunctionStatementSyntax node)
    {
        var method = (LocalFunctionStatementSyntax)base.VisitLocalFunctionStatement(node)!;
        return method switch
        {
            { Body: { } body } => method.WithBody(Entered(body)),
            { ExpressionBody: { } arrow } => method.WithExpressionBody(null).WithSemicolonToken(default).WithBody(Entered(BodyOf(arrow, method.ReturnType))),
            _ => method,
        };
    }

    public override SyntaxNode? VisitPropertyDeclaration(PropertyDeclarationSyntax node)
    {
        var property = (PropertyDeclarationSyntax)base.VisitPropertyDeclaration(node)!;
        if (property.ExpressionBody is not { } arrow)
        {
            return property;
        }

        var getter = SyntaxFactory.AccessorDeclaration(SyntaxKind.GetAccessorDeclaration, Entered(BodyOf(arrow, property.Type)));
        return property.WithExpressionBody(null).WithSemicolonToken(default).WithAccessorList(SyntaxFactory.AccessorList([getter]));
    }

    public override SyntaxNode? VisitAccessorDeclaration(AccessorDeclarationSyntax node)
    {
        var accessor = (AccessorDeclarationSyntax)base.VisitAccessorDeclaration(node)!;
        return accessor.Body is { } body ? accessor.WithBody(Entered(body)) : accessor;
    }

    public override SyntaxNode? VisitConstructorDeclaration(ConstructorDeclarationSyntax node)
    {
        var constructor = (ConstructorDeclarationSyntax)base.VisitConstructorDeclaration(node)!;
        return constructor.Body is { } body ? constructor.WithBody(Entered(body)) : constructor;
    }

    public override SyntaxNode? VisitParenthesizedLambdaExpression(ParenthesizedLambdaExpressionSyntax node)
    {
        var lambda = (ParenthesizedLambdaExpressionSyntax)base.VisitParenthesizedLambdaExpression(node)!;
        return lambda.Block is { } body ? lambda.WithBlock(Entered(body)) : lambda;
    }

    public override SyntaxNode? VisitSimpleLambdaExpression(SimpleLambdaExpressionSyntax node)
    {
        var lambda = (SimpleLambdaExpressionSyntax)base.VisitSimpleLambdaExpression(node)!;
        return lambda.Block is { } body ? lambda.WithBlock(Entered(body)) : lambda;
    }

    private static BlockSyntax BodyOf(ArrowExpressionClauseSyntax arrow, TypeSyntax type)
    {
        var expression = arrow.Expression.WithoutTrivia();
        if (expression is ThrowExpressionSyntax thrown)
        {
            return SyntaxFactory.Block(SyntaxFactory.ThrowStatement(thrown.Expression).NormalizeWhitespace());
        }

        var isVoid = type is PredefinedTypeSyntax predefined && predefined.Keyword.IsKind(SyntaxKind.VoidKeyword);
        StatementSyntax statement = isVoid
            ? SyntaxFactory.ExpressionStatement(expression)
            : SyntaxFactory.ReturnStatement(expression.WithLeadingTrivia(SyntaxFactory.Space));
        return SyntaxFactory.Block(statement);
    }

    private static BlockSyntax Before(StatementSyntax step, StatementSyntax statement) =>
        statement is BlockSyntax block ? block.WithStatements(block.Statements.Insert(0, step)) : SyntaxFactory.Block(step, statement);

    private static BlockSyntax Entered(BlockSyntax body) => Before(Enter, body);
}
