using System.Runtime.InteropServices;

namespace Quire.Kernel.Syscalls.Abi;

/// <summary>struct kernel_sigaction of x86-64.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct KernelSigaction(ulong Handler, ulong Flags, ulong Restorer, ulong Mask);
