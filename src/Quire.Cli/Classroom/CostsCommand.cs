using System.CommandLine;
using System.Globalization;
using Quire.Cli.Replay;
using Quire.Kernel.Memory;
using Quire.Kernel.Scheduling;
using Quire.Primitives;

namespace Quire.Cli.Classroom;

/// <summary>quire costs: what work takes in virtual time, so that times of runs can be computed by hand.</summary>
public static class CostsCommand
{
    public static Command Create()
    {
        var jsonOption = new Option<string?>("--json") { Description = "one JSON object a row, to FILE or - for standard output instead of the table" };
        var command = new Command("costs", "What an instruction, a walk, a fault, a system call and a device take in virtual time.") { jsonOption };
        command.Guard((parse, _) =>
        {
            var json = TraceOptions.OpenOutput(parse.GetValue(jsonOption));
            var table = new TextTable("what", "nanoseconds", "");
            foreach (var (what, nanoseconds, remark) in Rows())
            {
                table.Add(what, nanoseconds.ToString("0.###", CultureInfo.InvariantCulture), remark);
                json?.WriteLine(TraceOptions.JsonRow(("what", what), ("nanoseconds", nanoseconds), ("remark", remark)));
            }

            if (json != Console.Out)
            {
                table.Write(Console.Out);
                Console.WriteLine();
                Console.WriteLine("A run's CPU time is the sum of count times cost of the first five rows; docs/costs.md computes one by hand.");
            }

            TraceOptions.CloseOutput(json);
            return 0;
        });
        return command;
    }

    private static IEnumerable<(string What, double Nanoseconds, string Remark)> Rows()
    {
        var costs = new CostModel();
        yield return ("instruction", costs.InstructionPicoseconds / 1e3, "each round of a repeated string instruction is one");
        yield return ("page-walk reference", costs.WalkReferencePicoseconds / 1e3, "the second number of the summary's walks");
        yield return ("system call", costs.SystemCall.Nanoseconds, "entering the kernel and leaving it");
        yield return ("page fault", costs.Fault.Nanoseconds, "minor; a major one waits for the device as well");
        yield return ("thread switch", costs.ThreadSwitch.Nanoseconds, "another thread on a virtual CPU");
        foreach (var (name, device) in new[] { ("nvme", DeviceModel.Nvme), ("ssd", DeviceModel.Ssd), ("hdd", DeviceModel.Hdd) })
        {
            yield return ($"{name}: wait", device.Latency.Nanoseconds, $"of a request; {device.QueueDepth} at once");
            yield return ($"{name}: a page", device.TransferTimeOf(Page.Size).Nanoseconds, "transfer of 4 KiB, one request after the other");
        }
    }
}
