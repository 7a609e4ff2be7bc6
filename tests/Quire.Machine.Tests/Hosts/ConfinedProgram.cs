using System.ComponentModel;
using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Quire.Kernel.Files;
using Quire.Machine.Confinement;

namespace Quire.Machine.Tests.Hosts;

/// <summary>
/// A process of its own for what cannot be undone: it has threads, confines itself as a run does, and says what each of the threads can still do, a line
/// a deed that succeeds. Started by <see cref="ConfinementTests"/> as "dotnet Quire.Machine.Tests.dll DIRECTORY".
/// </summary>
internal static class ConfinedProgram
{
    private static int Main(string[] arguments)
    {
        var (bound, outside) = (Path.Combine(arguments[0], "bound"), Path.Combine(arguments[0], "outside"));
        using var ready = new Barrier(2);
        var early = new Thread(() =>
        {
            ready.SignalAndWait();
            ready.SignalAndWait();
            Try("early thread", bound, outside);
        });
        early.Start();
        ready.SignalAndWait();
        var state = HostConfinement.Enter(new MachineOptions { Command = ["true"], Bindings = [new DirectoryBinding(bound, "/mnt")] });
        Console.WriteLine($"confined {state.SystemCalls} {state.Files}");
        ready.SignalAndWait();
        early.Join();
        Try("first thread", bound, outside);
        var late = new Thread(() => Try("late thread", bound, outside));
        late.Start();
        late.Join();
        Task.Run(() => Try("pool thread", bound, outside)).Wait();
        GC.Collect();
        return 0;
    }

    private static void Try(string who, string bound, string outside)
    {
        Do("writes bound", () => File.WriteAllText(Path.Combine(bound, who), ""));
        Do("reads", () => File.ReadAllText(Path.Combine(outside, "file")));
        Do("writes outside", () => File.WriteAllText(Path.Combine(outside, who), ""));
        Do("removes outside", () => File.Delete(Path.Combine(outside, "file")));
        Do("starts a program", () => Process.Start("/bin/true").WaitForExit());
        Do("makes a socket", () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp).Dispose());
        Do("makes a device", () => Require(MakeNode(Path.Combine(bound, "device"), 0x2180, 0x103)));
        Do("makes a fifo", () => Require(MakeNode(Path.Combine(bound, who + " fifo"), 0x1180, 0)));
        Do("makes set-user-ID", () => Require(ChangeMode(Path.Combine(bound, who), 0x9ED)));
        Do("signals another", () => Require(Kill(Environment.ProcessId == 1 ? 2 : 1, 0)));
        Do("signals itself", () => Require(Kill(Environment.ProcessId, 0)));

        void Do(string what, Action deed)
        {
            try
            {
                deed();
                Console.WriteLine($"{who} {what}");
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or Win32Exception)
            {
                // It may not: nothing is said.
            }
        }
    }

    private static void Require(int result)
    {
        if (result != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    [DllImport("libc", EntryPoint = "mknod", SetLastError = true)]
    private static extern int MakeNode([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode, ulong device);

    [DllImport("libc", EntryPoint = "chmod", SetLastError = true)]
    private static extern int ChangeMode([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int process, int signal);
}
