namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>What is compared of the x87 state: everything but the pointers to the last instruction and operand, which processors save differently.</summary>
internal static class X87Rules
{
    public static void Compare(List<string> differences, TestCase test, Outcome host, Outcome simulated)
    {
        _ = test;
        Comparison.Compare(differences, "x87 control", host.State.X87Control, simulated.State.X87Control);
        Comparison.Compare(differences, "x87 status", host.State.X87Status, simulated.State.X87Status);
        Comparison.Compare(differences, "x87 tags", host.State.X87Tags, simulated.State.X87Tags);
        for (var i = 0; i < 8; i++)
        {
            var offset = MachineState.StackOffset + (i * 16);
            Comparison.Compare(differences, $"st{i} significand", host.State.Load<ulong>(offset), simulated.State.Load<ulong>(offset));
            Comparison.Compare(differences, $"st{i} exponent", host.State.Load<ushort>(offset + 8), simulated.State.Load<ushort>(offset + 8));
        }
    }
}
