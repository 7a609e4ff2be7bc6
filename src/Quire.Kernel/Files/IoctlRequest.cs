namespace Quire.Kernel.Files;

/// <summary>ioctl request numbers (asm-generic/ioctls.h).</summary>
public static class IoctlRequest
{
    public const uint GetTermios = 0x5401;
    public const uint SetTermios = 0x5402;
    public const uint SetTermiosAfterDrain = 0x5403;
    public const uint SetTermiosAfterFlush = 0x5404;
    public const uint SendBreak = 0x5409;
    public const uint FlowControl = 0x540A;
    public const uint Flush = 0x540B;
    public const uint Exclusive = 0x540C;
    public const uint NotExclusive = 0x540D;
    public const uint MakeControlling = 0x540E;
    public const uint GetForegroundGroup = 0x540F;
    public const uint SetForegroundGroup = 0x5410;
    public const uint BytesToSend = 0x5411;
    public const uint InjectInput = 0x5412;
    public const uint GetWindowSize = 0x5413;
    public const uint SetWindowSize = 0x5414;
    public const uint BytesReadable = 0x541B;
    public const uint PacketMode = 0x5420;
    public const uint GetPacketMode = 0x8004_5438;
    public const uint SetSocketOwner = 0x8901;
    public const uint SetSocketGroup = 0x8902;
    public const uint GetSocketOwner = 0x8903;
    public const uint GetSocketGroup = 0x8904;
    public const uint NonBlocking = 0x5421;
    public const uint GiveUpControlling = 0x5422;
    public const uint GetSession = 0x5429;
    public const uint GetTermios2 = 0x802C_542A;
    public const uint SetTermios2 = 0x402C_542B;
    public const uint SetTermios2AfterDrain = 0x402C_542C;
    public const uint SetTermios2AfterFlush = 0x402C_542D;
    public const uint GetPseudoTerminalNumber = 0x8004_5430;
    public const uint LockPseudoTerminal = 0x4004_5431;
    public const uint GetPseudoTerminalLock = 0x8004_5439;
    public const uint OpenPseudoTerminalPeer = 0x5441;
    public const uint ClearCloseOnExec = 0x5450;
    public const uint SetCloseOnExec = 0x5451;
    public const uint Async = 0x5452;

    /// <summary>Whether some file here takes the request.</summary>
    public static bool IsKnown(uint request) => request is (>= GetTermios and <= 0x5404) or (>= SendBreak and <= SetWindowSize)
        or BytesReadable or NonBlocking or GiveUpControlling or GetSession or GetTermios2 or SetTermios2 or SetTermios2AfterDrain or SetTermios2AfterFlush
        or GetPseudoTerminalNumber or LockPseudoTerminal or GetPseudoTerminalLock or OpenPseudoTerminalPeer or ClearCloseOnExec or SetCloseOnExec or Async;
}
