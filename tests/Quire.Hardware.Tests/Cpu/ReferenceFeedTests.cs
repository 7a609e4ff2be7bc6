using Iced.Intel;
using Quire.Hardware.Cpu;
using Quire.Hardware.Translation;
using Quire.Primitives;
using static Iced.Intel.AssemblerRegisters;

namespace Quire.Hardware.Tests.Cpu;

/// <summary>The feed by frame against the observer that sees instruction by instruction: same order, same counts.</summary>
public class ReferenceFeedTests
{
    private const ulong Missing = 0x2000_0000;
    private const ulong SecondCode = GuestBox.Code + Page.Size;

    public static TheoryData<string, Action<Assembler>> Programs { get; } = new()
    {
        {
            "loops, stack, read-modify-write, across pages", a =>
            {
                var loop = a.CreateLabel();
                a.mov(rbx, GuestBox.Data + Page.Size - 4);
                a.mov(ecx, 5000);
                a.Label(ref loop);
                a.mov(rax, __qword_ptr[rbx]);
                a.add(__qword_ptr[rbx], rax);
                a.mov(__qword_ptr[rbx], rcx);
                a.inc(__dword_ptr[rbx + 64]);
                a.push(rax);
                a.push(__qword_ptr[rbx - 128]);
                a.pop(rdx);
                a.pop(rdx);
                a.movups(xmm0, __xmmword_ptr[rbx]);
                a.dec(ecx);
                a.jnz(loop);
                a.int3();
            }
        },
        {
            "string instructions over a missing page", a =>
            {
                a.mov(rsi, GuestBox.Data);
                a.mov(rdi, Missing + Page.Size - 100);
                a.mov(ecx, 300);
                a.rep.movsb();
                a.mov(rdi, Missing + 8);
                a.mov(ecx, 64);
                a.rep.stosq();
                a.add(__qword_ptr[rdi], rax);
                a.int3();
            }
        },
        {
            "a code page to another, an instruction across two, and back", a =>
            {
                var loop = a.CreateLabel();
                var end = a.CreateLabel();
                a.mov(ecx, 100);
                a.Label(ref loop);
                a.mov(__dword_ptr[GuestBox.Data], ecx);
                a.jmp(SecondCode - 3);
                a.nop();
                a.Label(ref end);
                a.int3();
            }
        },
        {
            "code that changes itself", a =>
            {
                var loop = a.CreateLabel();
                a.mov(ecx, 50);
                a.Label(ref loop);
                a.mov(__byte_ptr[GuestBox.Code + 3000], cl);
                a.add(__dword_ptr[GuestBox.Code + 3004], ecx);
                a.mov(eax, __dword_ptr[GuestBox.Data + 8]);
                a.dec(ecx);
                a.jnz(loop);
                a.int3();
            }
        },
    };

    [Theory]
    [MemberData(nameof(Programs))]
    public void AFeedTellsWhatAnObserverSees(string name, Action<Assembler> program)
    {
        foreach (var tlb in (TlbOptions[])[TlbOptions.Off, TlbOptions.Default])
        {
            var seen = new Runs();
            var observer = new Observer(seen);
            using (var box = new GuestBox(tlb, observer))
            {
                observer.Box = box;
                RunToBreakpoint(box, program);
            }

            var fed = new Runs();
            using (var box = new GuestBox(tlb, feed: new ReferenceFeed { Sink = fed }))
            {
                RunToBreakpoint(box, program);
            }

            Assert.NotEmpty(seen.All);
            var same = seen.All.Zip(fed.All).TakeWhile(pair => pair.First == pair.Second).Count();
            Assert.True(
                seen.All.SequenceEqual(fed.All),
                $"{name}: of {seen.All.Count} runs seen and {fed.All.Count} fed {same} are the same, then {seen.All.ElementAtOrDefault(same)} was seen and {fed.All.ElementAtOrDefault(same)} fed");
        }
    }

    private static void RunToBreakpoint(GuestBox box, Action<Assembler> program)
    {
        box.Load(program);
        box.Load(
            a =>
            {
                a.mov(rax, 0x1122_3344_5566_7788);
                a.dec(ecx);
                a.jnz(GuestBox.Code + 5);
                a.int3();
            },
            SecondCode - 3);
        for (var exits = 0; exits < 20; exits++)
        {
            var exit = box.Run(777);
            if (exit.Reason == CpuExitReason.PageFault)
            {
                box.Map(exit.Address.Value & Page.Mask, 1);
            }
            else if (exit.Reason == CpuExitReason.Breakpoint)
            {
                return;
            }
            else
            {
                Assert.Equal(CpuExitReason.BudgetUsed, exit.Reason);
                exits--;
            }
        }

        Assert.Fail("the program does not end");
    }

    private sealed class Runs : IReferenceSink
    {
        public List<(uint Frame, long Count)> All { get; } = [];

        public void Take(ReadOnlySpan<FrameRun> runs)
        {
            foreach (var run in runs)
            {
                Add(run.Frame, run.Count);
            }
        }

        public void Add(uint frame, long count)
        {
            if (All.Count > 0 && All[^1].Frame == frame)
            {
                All[^1] = (frame, All[^1].Count + count);
            }
            else
            {
                All.Add((frame, count));
            }
        }
    }

    private sealed class Observer(Runs runs) : IReferenceObserver
    {
        public GuestBox? Box { get; set; }

        public void OnReference(ulong address, int size, AccessKind kind, ushort addressSpaceTag)
        {
            runs.Add(Box!.FrameOf(address).Value, 1);
            if (((address + (ulong)size - 1) & Page.Mask) != (address & Page.Mask))
            {
                runs.Add(Box.FrameOf(address + (ulong)size - 1).Value, 1);
            }
        }
    }
}
