using System.CommandLine;
using System.Globalization;
using Quire.Allocation;
using Quire.Cli.Replay;
using Quire.Cli.Run;
using Quire.Machine.HeapCalls;
using Quire.Primitives;

namespace Quire.Cli.Alloc;

/// <summary>quire alloc record --inside: the heap calls of a program on Quire's machine, seen from outside of it.</summary>
internal static class AllocRecordInside
{
    private const int BufferBytes = 1 << 16;

    public static int Record(RunOptions options, ParseResult parse, string path)
    {
        using var file = OutputStream.Create(path);
        using var buffered = new BufferedStream(file, BufferBytes);
        var recorder = new Recorder(new RecordingWriter(buffered));
        var code = RunCommand.Run(options, parse, machine => machine.Cpus == 1
            ? machine with { HeapCalls = recorder }
            : throw new UsageException($"--inside records on one CPU, not on {machine.Cpus}"));
        buffered.Flush();
        if (recorder.Calls > 0)
        {
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"quire: {recorder.Calls} calls in {new ByteSize((ulong)file.Length)}, exit code {code}"));
        }
        else if (recorder.HasStarted)
        {
            Console.Error.WriteLine("quire: no heap call was seen: the program made none, or has no symbols that name its malloc");
        }

        return RunCommand.WithFailures(code, file);
    }

    private sealed class Recorder(RecordingWriter writer) : IHeapCallListener
    {
        public long Calls => writer.Calls;

        public bool HasStarted { get; private set; }

        // As on the host: the last program that the process becomes is the one recorded.
        public void ProgramStarted()
        {
            HasStarted = true;
            writer.Restart();
        }

        public void Allocated(ulong address, ulong size, uint thread) => writer.Allocated(address, size, thread);

        public void Freed(ulong address, uint thread) => writer.Freed(address, thread);

        public void Reallocated(ulong old, ulong address, ulong size, uint thread) => writer.Reallocated(old, address, size, thread);
    }
}
