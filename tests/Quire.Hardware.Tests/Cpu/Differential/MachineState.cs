using System.Runtime.InteropServices;

namespace Quire.Hardware.Tests.Cpu.Differential;

/// <summary>Registers in encoding order, RIP, RFLAGS and the used part of an FXSAVE64 image (Intel SDM vol. 1, table 10-2).</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MachineState
{
    public const int FxBytes = 416;
    public const int ControlOffset = 0;
    public const int StatusOffset = 2;
    public const int TagsOffset = 4;
    public const int MxcsrOffset = 24;
    public const int StackOffset = 32;
    public const int XmmOffset = 160;

    public fixed ulong General[16];
    public ulong Rip;
    public ulong Flags;
    public fixed byte Fx[FxBytes];

    public ushort X87Control
    {
        get => Load<ushort>(ControlOffset);
        set => Store(ControlOffset, value);
    }

    public ushort X87Status
    {
        get => Load<ushort>(StatusOffset);
        set => Store(StatusOffset, value);
    }

    public byte X87Tags
    {
        get => Load<byte>(TagsOffset);
        set => Store(TagsOffset, value);
    }

    public uint Mxcsr
    {
        get => Load<uint>(MxcsrOffset);
        set => Store(MxcsrOffset, value);
    }

    public readonly T Load<T>(int offset)
        where T : unmanaged
    {
        fixed (byte* image = Fx)
        {
            return *(T*)(image + offset);
        }
    }

    public void Store<T>(int offset, T value)
        where T : unmanaged
    {
        fixed (byte* image = Fx)
        {
            *(T*)(image + offset) = value;
        }
    }
}
