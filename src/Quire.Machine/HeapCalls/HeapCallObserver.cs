using Quire.Hardware.Cpu;
using Quire.Hardware.Translation;
using Quire.Kernel;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Machine.HeapCalls;

/// <summary>
/// Sees the heap calls of process 1 from outside: the fetch of a heap function's first instruction is a call (arguments in RDI, RSI, RDX, System
/// V AMD64 ABI, 3.2.3), the fetch at its return address with the stack pointer above that address is its return (result in RAX). Where the functions are is read
/// from each image when code of it first runs. Calls that a heap function makes itself are not the program's, and are left out. Forked
/// children are not watched; a program that process 1 executes is.
/// Limits: one virtual CPU; an image that takes another's place at the same address, by dlclose and dlopen, is not looked at again.
/// </summary>
internal sealed class HeapCallObserver(IHeapCallListener listener) : IReferenceObserver
{
    private const int FirstProcess = 1;

    private readonly Dictionary<ulong, HeapFunction> _functions = [];
    private readonly HashSet<ulong> _knownPages = [];
    private readonly Dictionary<ulong, CallInProgress> _calls = [];
    private readonly Dictionary<ulong, uint> _threads = [];
    private GuestKernel? _kernel;
    private IProcessor? _processor;
    private AddressSpace? _space;
    private ushort _tag;
    private ulong _lastPage = ulong.MaxValue;

    /// <summary>Both are built after the processor that reports here.</summary>
    public void Attach(GuestKernel kernel, IProcessor processor) => (_kernel, _processor) = (kernel, processor);

    public void OnReference(ulong address, int size, AccessKind kind, ushort addressSpaceTag)
    {
        if (kind != AccessKind.Fetch || _kernel!.Processes.Find(FirstProcess) is not { IsZombie: false } process)
        {
            return;
        }

        if (process.Space != _space)
        {
            StartProgram(process.Space);
        }

        if (addressSpaceTag != _tag)
        {
            return;
        }

        if ((address & Page.Mask) != _lastPage)
        {
            _lastPage = address & Page.Mask;
            if (_knownPages.Add(_lastPage))
            {
                LookUp(address);
            }
        }

        ref var registers = ref _processor!.Registers;
        if (_calls.Count > 0 && _calls.TryGetValue(registers.FsBase, out var call) && call.IsReturn(address, registers[GeneralRegister.Rsp]))
        {
            _calls.Remove(registers.FsBase);
            Return(call, registers[GeneralRegister.Rax], ThreadOf(registers.FsBase));
        }

        if (_functions.Count > 0 && _functions.TryGetValue(address, out var function))
        {
            Call(function, ref registers);
        }
    }

    private void StartProgram(AddressSpace space)
    {
        _space = space;
        _tag = space.Tables.AddressSpaceTag;
        _lastPage = ulong.MaxValue;
        _functions.Clear();
        _knownPages.Clear();
        _calls.Clear();
        listener.ProgramStarted();
    }

    private void LookUp(ulong address)
    {
        if (_space!.FindRegion(new VirtualAddress(address)) is not { } region)
        {
            return;
        }

        for (var page = region.Range.Start.Value; page < region.Range.End.Value; page += Page.Size)
        {
            _knownPages.Add(page);
        }

        foreach (var (entry, function) in HeapSymbols.In(region))
        {
            _functions[entry] = function;
        }
    }

    private void Call(HeapFunction function, ref CpuRegisters registers)
    {
        var stack = registers[GeneralRegister.Rsp];
        // A call below one that has not returned is made by it. One above: the other was left by longjmp.
        if ((_calls.TryGetValue(registers.FsBase, out var outer) && stack < outer.StackPointer)
            || !_space!.TryRead<ulong>(new VirtualAddress(stack), out var returnAddress))
        {
            return;
        }

        var (first, second, third) = (registers[GeneralRegister.Rdi], registers[GeneralRegister.Rsi], registers[GeneralRegister.Rdx]);
        if (function == HeapFunction.Free && first != 0)
        {
            // Told before the block is given back: another thread may get it next.
            listener.Freed(first, ThreadOf(registers.FsBase));
        }

        var size = function switch
        {
            HeapFunction.Allocate => first,
            HeapFunction.AllocateArray => unchecked(first * second),
            HeapFunction.AllocateInto => third,
            _ => second,
        };
        _calls[registers.FsBase] = new CallInProgress(function, first, size, stack, returnAddress);
    }

    private void Return(in CallInProgress call, ulong result, uint thread)
    {
        switch (call.Function)
        {
            case HeapFunction.Free:
                break;
            case HeapFunction.Reallocate when call.First != 0:
                if (result != 0)
                {
                    listener.Reallocated(call.First, result, call.Size, thread);
                }
                else if (call.Size == 0)
                {
                    listener.Freed(call.First, thread);
                }

                break;
            case HeapFunction.AllocateInto:
                if ((int)result == 0 && _space!.TryRead<ulong>(new VirtualAddress(call.First), out var block))
                {
                    listener.Allocated(block, call.Size, thread);
                }

                break;
            default:
                if (result != 0)
                {
                    listener.Allocated(result, call.Size, thread);
                }

                break;
        }
    }

    // Threads by their thread pointer, numbered as they are first seen; before there is one, the thread is the first.
    private uint ThreadOf(ulong pointer)
    {
        if (!_threads.TryGetValue(pointer, out var number))
        {
            number = pointer == 0 ? 1 : (uint)_threads.Keys.Count(known => known != 0) + 1;
            _threads.Add(pointer, number);
        }

        return number;
    }

    private readonly record struct CallInProgress(HeapFunction Function, ulong First, ulong Size, ulong StackPointer, ulong ReturnAddress)
    {
        public bool IsReturn(ulong address, ulong stackPointer) => address == ReturnAddress && stackPointer == StackPointer + sizeof(ulong);
    }
}
