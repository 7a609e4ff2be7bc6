namespace Quire.Kernel.Syscalls.Files;

/// <summary>The file-related families of system calls; a new one is one line here.</summary>
public static class FileCallFamilies
{
    public static void Register(SyscallTable table)
    {
        ReadWriteCalls.Register(table);
        OpenCalls.Register(table);
        StatusCalls.Register(table);
        NameCalls.Register(table);
        AttributeCalls.Register(table);
        ExtendedAttributeCalls.Register(table);
        DescriptorControlCalls.Register(table);
        ContentCalls.Register(table);
        TransferCalls.Register(table);
        PipeCalls.Register(table);
        EventCalls.Register(table);
        InotifyCalls.Register(table);
        PollCalls.Register(table);
        EpollCalls.Register(table);
        SocketCalls.Register(table);
        MessageCalls.Register(table);
    }
}
