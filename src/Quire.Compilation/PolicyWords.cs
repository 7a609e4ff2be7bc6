namespace Quire.Compilation;

/// <summary>Says in words what a policy threw, without running any more of it.</summary>
internal static class PolicyWords
{
    public static string Of(Exception exception)
    {
        for (; exception is TypeInitializationException or System.Reflection.TargetInvocationException && exception.InnerException is { } inner; exception = inner)
        {
        }

        // A message of the policy's own is code of the policy.
        var type = exception.GetType();
        return exception switch
        {
            InsufficientExecutionStackException => "it calls itself without end",
            OutOfMemoryException => "it wants more memory than there is",
            TimeoutException => exception.Message,
            _ when type.Assembly == typeof(object).Assembly && exception.InnerException is null => $"{type.Name}: {exception.Message.ReplaceLineEndings(" ")}",
            _ => type.Name,
        };
    }
}
