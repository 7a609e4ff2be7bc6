/// <summary>
/// The runtime calls this before a program's own beginning if DOTNET_STARTUP_HOOKS names this assembly: from then on whatever the program prints throws
/// what nobody expects of a stream, a fault of its own. The name and the missing namespace are the runtime's.
/// </summary>
internal static class StartupHook
{
    public static void Initialize() => Console.SetOut(new BrokenOutput());

    private sealed class BrokenOutput : TextWriter
    {
        public override System.Text.Encoding Encoding => System.Text.Encoding.UTF8;

        public override void Write(char value) => throw new InvalidOperationException("the output is broken\nin two places");
    }
}
