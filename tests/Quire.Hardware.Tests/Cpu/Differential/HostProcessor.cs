using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;


namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>The reference: the host's own CPU, in a child process compiled from tests/native/execute_instructions.c.</summary>
internal sealed class HostProcessor : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("quire-differential-").FullName;
    private readonly Process _process;
    private readonly BufferedStream _input;
    private readonly BufferedStream _output;

    public HostProcessor(GuestContents contents)
    {
        var program = Path.Combine(_folder, "execute_instructions");
        Compile(Path.Combine(AppContext.BaseDirectory, "native", "execute_instructions.c"), program);
        _process = Process.Start(new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false })
            ?? throw new InvalidOperationException($"{program} did not start");
        _input = new BufferedStream(_process.StandardInput.BaseStream, 1 << 16);
        _output = new BufferedStream(_process.StandardOutput.BaseStream, 1 << 16);
        _input.Write(contents.Data);
        _input.Write(contents.ReadOnly);
        _input.Write(contents.Stack);
    }

    public List<Outcome> Run(IReadOnlyList<TestCase> cases)
    {
        Write((uint)cases.Count);
        foreach (var test in cases)
        {
            Write(in test.Request);
        }

        _input.Flush();
        var outcomes = new List<Outcome>(cases.Count);
        foreach (var test in cases)
        {
            outcomes.Add(ReadOutcome(test));
        }

        return outcomes;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static void Compile(string source, string program)
    {
        using var compiler = StartCompiler(source, program);
        var errors = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        Assert.True(compiler.ExitCode == 0, $"gcc could not compile {source}:\n{errors}");
    }

    private static Process StartCompiler(string source, string program)
    {
        try
        {
            var start = new ProcessStartInfo("gcc", ["-O1", "-Wall", "-o", program, source]) { RedirectStandardError = true, UseShellExecute = false };
            return Process.Start(start) ?? throw new InvalidOperationException("gcc did not start");
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw new InvalidOperationException("the differential tester needs gcc to build its native half: install gcc", missing);
        }
    }

    private void Write<T>(in T value)
        where T : unmanaged => _input.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    private Outcome ReadOutcome(TestCase test)
    {
        Unsafe.SkipInit(out Response response);
        Read(MemoryMarshal.AsBytes(new Span<Response>(ref response)), test);
        var changes = new MemoryChange[response.Changes];
        Read(MemoryMarshal.AsBytes(changes.AsSpan()), test);
        return new Outcome { State = response.State, Trap = response.Trap, Error = response.Trap == Trap.PageFault ? response.Error : 0, FaultAddress = response.FaultAddress, Changes = changes };
    }

    private void Read(Span<byte> into, TestCase test)
    {
        try
        {
            _output.ReadExactly(into);
        }
        catch (EndOfStreamException ended)
        {
            throw new InvalidOperationException($"the native program ended at {test.Instruction}", ended);
        }
    }
}
