using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Quire.Allocation.Tests;

/// <summary>The preload library on a C program of known calls. Where there is no gcc there is no recorder, and nothing to test.</summary>
public class PreloadTests
{
    private const string Program = """
        #include <stdlib.h>
        #include <string.h>
        #include <unistd.h>
        #include <sys/wait.h>
        int main(void) {
            char *a = malloc(1111);
            char *b = calloc(3, 1000);
            a = realloc(a, 4444);
            void *c = 0;
            if (posix_memalign(&c, 256, 5555)) return 1;
            free(b);
            if (fork() == 0) { free(malloc(7777)); _exit(0); }
            wait(0);
            memset(a, 1, 4444);
            free(a);
            free(c);
            _exit(3);
        }
        """;

    [Fact]
    public void ARecordingHoldsTheProgramsCallsAndNotItsChilds()
    {
        var folder = Directory.CreateTempSubdirectory("quire-preload");
        try
        {
            string InFolder(string name) => Path.Combine(folder.FullName, name);
            File.WriteAllText(InFolder("program.c"), Program);
            if (!OperatingSystem.IsLinux() || Run("gcc", "-O0", "-o", InFolder("program"), InFolder("program.c")) is null)
            {
                return;
            }

            Assert.Equal(0, Run("gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", InFolder("record.so"), Source(), "-ldl", "-lpthread"));
            var launch = $"QUIRE_RECORD_PID=$$ QUIRE_RECORD={InFolder("out.rec")} LD_PRELOAD={InFolder("record.so")} exec {InFolder("program")}";
            Assert.Equal(3, Run("/bin/sh", "-c", launch));
            var trace = WorkloadFormats.Read(InFolder("out.rec"));
            long[] sizes = [1111, 3000, 4444, 5555, 7777];
            Assert.Equal([1111, 3000, 4444, 5555], trace.Events.Select(call => call.Size).Where(size => sizes.Contains(size)));
            var mine = trace.Events.Where(call => sizes.Contains(call.Size)).Select(call => call.Id).Distinct().ToList();
            Assert.Equal(3, mine.Count);
            Assert.All(mine, id => Assert.Equal(HeapEventKind.Free, trace.Events.Last(call => call.Id == id).Kind));
            Assert.All(trace.Events, call => Assert.NotEqual(0u, call.Thread));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    // Null when the program is not there.
    private static int? Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false })!;
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static string Source([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "src", "Quire.Cli", "Alloc", "heaprecord.c"));
}
