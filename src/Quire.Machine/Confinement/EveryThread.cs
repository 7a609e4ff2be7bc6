using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;

namespace Quire.Machine.Confinement;

/// <summary>
/// Restricts every thread of this process by a ruleset of Landlock, which the kernel takes from the calling thread only and hands on to threads that it
/// starts. The runtime has threads before any code of a program runs, so each of the others is sent a signal, whose handler makes the call: a few
/// bytes of machine code, since nothing of the runtime may run there. (The C library changes users of all threads in this way.)
/// </summary>
internal static unsafe class EveryThread
{
    // The last real-time signal; the C library takes the first two for itself, and .NET the third.
    private const int SignalNumber = 64;
    private const int PageBytes = 4096;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    // On the page behind the code: the ruleset, then how many threads hold to it and how many were refused.
    private static ReadOnlySpan<byte> Handler =>
    [
        0xB8, 0xBE, 0x01, 0x00, 0x00,               // mov eax, 446 (landlock_restrict_self)
        0x8B, 0x3D, 0xF5, 0x0F, 0x00, 0x00,         // mov edi, [page + 4096]
        0x31, 0xF6,                                 // xor esi, esi
        0x0F, 0x05,                                 // syscall
        0x85, 0xC0,                                 // test eax, eax
        0x75, 0x08,                                 // jne refused
        0xF0, 0xFF, 0x05, 0xEA, 0x0F, 0x00, 0x00,   // lock inc dword [page + 4100]
        0xC3,                                       // ret
        0xF0, 0xFF, 0x05, 0xE6, 0x0F, 0x00, 0x00,   // refused: lock inc dword [page + 4104]
        0xC3,                                       // ret
    ];

    /// <summary>True if all threads hold to the ruleset.</summary>
    public static bool Restrict(int ruleset)
    {
        var page = Prepare(ruleset);
        if (page is null)
        {
            return false;
        }

        // The caller, whose later threads inherit it, by calling the handler.
        ((delegate* unmanaged<int, void>)page)(SignalNumber);
        var counts = (int*)(page + PageBytes);
        var process = Environment.ProcessId;
        var asked = new HashSet<int> { ConfinementCalls.ThreadId() };
        var sent = 1;
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var before = asked.Count;
            foreach (var thread in Threads())
            {
                if (asked.Add(thread) && ConfinementCalls.Signal(process, thread, SignalNumber))
                {
                    sent++;
                }
            }

            while (Volatile.Read(ref counts[1]) + Volatile.Read(ref counts[2]) < sent && watch.Elapsed < Patience)
            {
                Thread.Yield();
            }

            // A thread may have started another one before its turn came.
            if (asked.Count == before || watch.Elapsed >= Patience)
            {
                return Volatile.Read(ref counts[1]) == sent;
            }
        }
    }

    // The handler stays for as long as the process: a signal that comes late finds it.
    private static byte* Prepare(int ruleset)
    {
        const int ReadWrite = 3;
        const int ReadExecute = 5;
        const int PrivateAnonymous = 0x22;
        const int Restart = 0x1000_0000;
        var page = (byte*)ConfinementCalls.Map(null, 2 * PageBytes, ReadWrite, PrivateAnonymous, -1, 0);
        if ((nint)page == -1)
        {
            return null;
        }

        Handler.CopyTo(new Span<byte>(page, PageBytes));
        BinaryPrimitives.WriteInt32LittleEndian(new Span<byte>(page + PageBytes, sizeof(int)), ruleset);
        var action = new SignalAction { Handler = page, Flags = Restart };
        return ConfinementCalls.Protect(page, PageBytes, ReadExecute) == 0 && ConfinementCalls.SetAction(SignalNumber, &action, null) == 0 ? page : null;
    }

    private static IEnumerable<int> Threads()
    {
        foreach (var path in Directory.EnumerateDirectories("/proc/self/task"))
        {
            yield return int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture);
        }
    }
}
