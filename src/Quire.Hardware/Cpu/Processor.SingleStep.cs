namespace Quire.Hardware.Cpu;

/// <content>
/// The trap flag: an instruction that begins with it set is followed by #DB (SDM vol. 3A, 6.8.3 and vol. 3B, 17.3.1.4). Such instructions run one by one,
/// outside the code cache; without the flag nothing here is passed through.
/// </content>
public sealed unsafe partial class Processor
{
    // What the instruction itself ends in, a fault, a system call (which clears the flag in the kernel) or another trap, comes instead of the trap.
    private CpuExit RunStep()
    {
        var exit = RunOne();
        if (_state->HoldsTrapBack && exit.Reason == CpuExitReason.BudgetUsed)
        {
            // Of two such instructions in a row only the first holds it back.
            var second = RunOne();
            exit = second with { Instructions = exit.Instructions + second.Instructions, Steps = exit.Steps + second.Steps };
        }

        return exit.Reason == CpuExitReason.BudgetUsed ? exit with { Reason = CpuExitReason.DebugTrap } : exit;
    }

    private CpuExit RunOne()
    {
        _resumeBlock = null;
        _runAlone = 1;
        _state->HoldsTrapBack = false;
        var exit = RunBlocks(instructionBudget: 1);
        _runAlone = 0;
        return exit;
    }
}
