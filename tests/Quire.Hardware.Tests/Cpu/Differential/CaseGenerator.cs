using Iced.Intel;

namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>Random cases of one form: operands, registers, memory, and what follows the instruction.</summary>
internal sealed class CaseGenerator(Random random)
{
    private const int Attempts = 100;

    private readonly EncodingGenerator _encodings = new(random);
    private readonly StateGenerator _states = new(random);

    /// <summary>Endless.</summary>
    public IEnumerable<TestCase> Cases(Code code)
    {
        while (true)
        {
            yield return Create(code);
        }
    }

    private TestCase Create(Code code)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            // Now and then the instruction lies on two pages.
            var address = GuestLayout.Code + (random.Next(40) == 0 ? GuestLayout.PageBytes - (ulong)random.Next(1, 4) : 0x100 + (ulong)random.Next(0xE00));
            if (_encodings.TryEncode(code, address, out var encoding) && (!IsSplitLock(encoding) || random.Next(100) == 0))
            {
                return Create(encoding, address);
            }
        }

        throw new InvalidOperationException($"no operands found that make {code} encodable");
    }

    /// <summary>
    /// A locked access to two cache lines. Hosts punish these, by milliseconds each or by a signal (split_lock_detect of Linux; SDM vol. 3, 9.1.2.3): there are few.
    /// </summary>
    public static bool IsSplitLock(Encoding encoding)
    {
        const int Line = 64;
        ref readonly var instruction = ref encoding.Instruction;
        if (encoding.Target is not { } target || !(instruction.HasLockPrefix || instruction.Mnemonic == Mnemonic.Xchg))
        {
            return false;
        }

        // A bit's number in a register moves the access by a multiple of its size.
        var size = (ulong)instruction.MemorySize.GetSize();
        return instruction.Mnemonic is Mnemonic.Bts or Mnemonic.Btr or Mnemonic.Btc && instruction.Op1Kind == OpKind.Register
            ? target % size != 0
            : (target % Line) + size > Line;
    }

    private unsafe TestCase Create(Encoding encoding, ulong address)
    {
        var request = default(Request);
        request.CodeAddress = address;
        _states.Fill(encoding, ref request);
        var follower = PickFollower(encoding.Instruction, in request.State, address + (ulong)encoding.Bytes.Length, out var following, out var tail);
        byte[] code = [.. encoding.Bytes, .. tail];
        request.CodeBytes = code.Length;
        code.CopyTo(new Span<byte>(request.Code, Request.MaximumCode));
        return new TestCase(encoding.Instruction, encoding.Target, follower, following) { Request = request };
    }

    private Follower PickFollower(in Instruction instruction, in MachineState state, ulong address, out Instruction following, out byte[] code)
    {
        following = default;
        code = [];
        if (instruction.FlowControl != FlowControl.Next)
        {
            return Follower.Breakpoint;
        }

        switch (random.Next(8))
        {
            case 0:
                code = [0x38, 0xC0];
                following = EncodingGenerator.Decode(code, address);
                return Follower.Compare;
            case 1:
                code = [(byte)(0x70 + random.Next(16)), (byte)random.Next(Request.MaximumCode, 128)];
                following = EncodingGenerator.Decode(code, address);
                return (FlagRules.Read(in following) & FlagRules.Undefined(in instruction, in state)) == 0 ? Follower.ConditionalJump : NoFollower(out following, out code);
            default:
                return Follower.Breakpoint;
        }
    }

    private static Follower NoFollower(out Instruction following, out byte[] code)
    {
        following = default;
        code = [];
        return Follower.Breakpoint;
    }
}
