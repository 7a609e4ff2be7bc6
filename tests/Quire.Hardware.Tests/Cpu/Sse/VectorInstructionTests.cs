using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Iced.Intel;
using Quire.Hardware.Cpu;
using Quire.Hardware.Cpu.Mmx;
using Quire.Hardware.Cpu.Sse;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Hardware.Tests.Cpu.Sse;

public unsafe class VectorInstructionTests
{
    [Fact]
    public void VectorRegistersLieWhereHandlersLookForThem()
    {
        var state = default(CpuState);

        Assert.Equal(XmmRegisters.Start, (byte*)&state.Registers.Xmm - (byte*)&state);
        Assert.Equal(state.Registers.X87Significand - (ulong*)&state, (ulong*)MmxRegisters.Pointer(&state, 0) - (ulong*)&state);
    }

    [Theory]
    [InlineData(GuestBox.Data + 8)]
    [InlineData(1UL)]
    [InlineData(0x20_0000_0001UL)]
    public void MisalignedOperandIsAProtectionFaultThatChangesNothing(ulong address)
    {
        using var box = new GuestBox();
        box.Processor.Registers.Xmm[1] = Vector128.Create((byte)7);
        box[GeneralRegister.Rbx] = address;
        box.Load(a => a.paddb(xmm1, __xmmword_ptr[rbx]));

        var exit = box.Run();

        Assert.Equal(CpuExitReason.ProtectionFault, exit.Reason);
        Assert.Equal(GuestBox.Code, box.Processor.Registers.Rip);
        Assert.Equal(Vector128.Create((byte)7), box.Processor.Registers.Xmm[1]);
    }

    [Fact]
    public void MisalignedStoreWritesNothing()
    {
        using var box = new GuestBox();
        box.Processor.Registers.Xmm[3] = Vector128.Create((byte)9);
        box[GeneralRegister.Rbx] = GuestBox.Data + 1;
        box.Load(a => a.movntdq(__xmmword_ptr[rbx], xmm3));

        Assert.Equal(CpuExitReason.ProtectionFault, box.Run().Reason);
        Assert.Equal(0UL, box.At<ulong>(GuestBox.Data));
    }

    [Fact]
    public void UnalignedMoveCrossesPages()
    {
        using var box = new GuestBox();
        const ulong Place = GuestBox.Data + 4096 - 5;
        box.Processor.Registers.Xmm[2] = Vector128<byte>.Indices;
        box[GeneralRegister.Rbx] = Place;
        box.Load(a =>
        {
            a.movdqu(__xmmword_ptr[rbx], xmm2);
            a.lddqu(xmm4, __xmmword_ptr[rbx]);
            a.int3();
        });

        box.Run();

        Assert.Equal(4, box.At<byte>(GuestBox.Data + 4095));
        Assert.Equal(5, box.At<byte>(GuestBox.Data + 4096));
        Assert.Equal(Vector128<byte>.Indices, box.Processor.Registers.Xmm[4]);
    }

    [Fact]
    public void LoadOfAScalarClearsTheRestAndACopyKeepsIt()
    {
        using var box = new GuestBox();
        box.Processor.Registers.Xmm[1] = Vector128<byte>.AllBitsSet;
        box.Processor.Registers.Xmm[2] = Vector128<byte>.AllBitsSet;
        box.At<double>(GuestBox.Data) = 1.5;
        box[GeneralRegister.Rbx] = GuestBox.Data;
        box.Load(a =>
        {
            a.movsd(xmm1, __qword_ptr[rbx]);
            a.movsd(xmm2, xmm1);
            a.int3();
        });

        box.Run();

        Assert.Equal(Vector128.Create(1.5, 0).AsByte(), box.Processor.Registers.Xmm[1]);
        Assert.Equal(Vector128.Create(BitConverter.DoubleToUInt64Bits(1.5), ulong.MaxValue).AsByte(), box.Processor.Registers.Xmm[2]);
    }

    [Fact]
    public void ReservedBitsOfMxcsrAreAProtectionFault()
    {
        using var box = new GuestBox();
        box.At<uint>(GuestBox.Data) = 0x1_1F80;
        box[GeneralRegister.Rbx] = GuestBox.Data;
        box.Load(a => a.ldmxcsr(__dword_ptr[rbx]));

        Assert.Equal(CpuExitReason.ProtectionFault, box.Run().Reason);
        Assert.Equal(0x1F80u, box.Processor.Registers.Mxcsr);
    }
}
