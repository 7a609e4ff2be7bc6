using System.Runtime.InteropServices;
using Iced.Intel;

namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>What both processors are given: registers, the bytes of code at RIP, and bytes put over the memory's usual contents.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Request
{
    public const int MaximumCode = 32;
    public const int MaximumPatch = 512;

    public MachineState State;
    public ulong CodeAddress;
    public ulong PatchAddress;
    public int CodeBytes;
    public int PatchBytes;
    public fixed byte Code[MaximumCode];
    public fixed byte Patch[MaximumPatch];
}

/// <summary>What stands behind the tested instruction.</summary>
internal enum Follower
{
    /// <summary>A breakpoint: all flags are seen.</summary>
    Breakpoint,

    /// <summary>CMP AL, AL: the flags of the tested instruction are seen by nobody.</summary>
    Compare,

    /// <summary>A conditional jump, which may absorb a compare.</summary>
    ConditionalJump,
}

/// <summary>One experiment.</summary>
internal sealed class TestCase(Instruction instruction, ulong? target, Follower follower, Instruction following)
{
    public Request Request;

    public Instruction Instruction { get; } = instruction;

    /// <summary>The address of the memory operand, where it was chosen.</summary>
    public ulong? Target { get; } = target;

    public Follower Follower { get; } = follower;

    /// <summary>The follower, unless that is the breakpoint.</summary>
    public Instruction Following { get; } = following;
}
