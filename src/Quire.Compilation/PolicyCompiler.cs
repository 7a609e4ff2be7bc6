using System.Reflection;
using Quire.Replacement;

namespace Quire.Compilation;

/// <summary>Makes a policy of a C# file: a public struct that is IReplacementPolicy and IPolicyDefinition of itself.</summary>
public static class PolicyCompiler
{
    /// <exception cref="PolicyFormatException">The file cannot be read or compiled, or holds no policy; says where and why.</exception>
    public static PolicyDescriptor Compile(string path) => FindPolicy(CountedSource.Compile(path, SourceKind.Policy), path);

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
}
