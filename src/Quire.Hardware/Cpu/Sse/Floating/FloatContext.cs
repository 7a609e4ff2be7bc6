namespace Quire.Hardware.Cpu.Sse.Floating;

/// <summary>Under which MXCSR an operation runs, and the exceptions that it has raised so far.</summary>
internal struct FloatContext(uint mxcsr)
{
    private const uint BeforeComputation = Mxcsr.Invalid | Mxcsr.Denormal | Mxcsr.DivideByZero;

    private readonly uint _mxcsr = mxcsr;
    private uint _raised;

    public readonly RoundingMode Rounding => (RoundingMode)((_mxcsr >> Mxcsr.RoundingShift) & 3);

    public readonly bool DenormalsAreZeros => (_mxcsr & Mxcsr.DenormalsAreZeros) != 0;

    public readonly bool OverflowIsMasked => (_mxcsr & Mxcsr.OverflowMask) != 0;

    public readonly bool UnderflowIsMasked => (_mxcsr & Mxcsr.UnderflowMask) != 0;

    /// <summary>FTZ acts only while underflow is masked (SDM vol. 1, 10.2.3.3).</summary>
    public readonly bool FlushesToZero => (_mxcsr & (Mxcsr.FlushToZero | Mxcsr.UnderflowMask)) == (Mxcsr.FlushToZero | Mxcsr.UnderflowMask);

    public readonly uint Raised => _raised;

    public void Raise(uint exceptions) => _raised |= exceptions;

    /// <summary>
    /// Records the exceptions in MXCSR. False if one of them is unmasked: the stop is recorded, the destination must stay as it is.
    /// The elements of a packed operation are checked together, first for the exceptions that operands raise, then for those that
    /// results raise (SDM vol. 1, 11.5.2 and 11.5.3).
    /// </summary>
    public readonly unsafe bool TryCommit(CpuState* s, Op* op)
    {
        var unmasked = _raised & ~(_mxcsr >> Mxcsr.MaskShift);
        if (unmasked == 0)
        {
            s->Registers.Mxcsr |= _raised;
            return true;
        }

        s->Registers.Mxcsr |= (unmasked & BeforeComputation) != 0 ? _raised & BeforeComputation : _raised;
        Processor.Stop(s, op, StopKind.FloatingPointError);
        return false;
    }
}
