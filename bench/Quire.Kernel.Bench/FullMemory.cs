using System.Diagnostics;
using Quire.Hardware.Cpu;
using Quire.Hardware.Memory;
using Quire.Hardware.Translation;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.Reclaim;
using Quire.Kernel.Memory.Swap;
using Quire.Primitives;

/// <summary>
/// 32 MiB of RAM and eight times as many pages that want to be in it, under a processor with the standard TLBs. Each touch that faults is handled and made
/// again, so that translations are entered, and invalidated when their page goes, as in a run.
/// </summary>
internal sealed unsafe class FullMemory : IDisposable
{
    private const int RamMiB = 32;
    private const int Pages = 65_536;
    private const int PartPages = 1_024;

    // As many as fit beside page tables and watermarks.
    private const int FittingPages = 6_144;

    private readonly PhysicalMemory _physical = new(ByteSize.FromMiB(RamMiB));
    private readonly Processor _processor;
    private readonly KernelMemory _memory;
    private readonly AddressSpace _space;

    private FullMemory(KernelMemoryOptions options)
    {
        _processor = new Processor(_physical, TlbOptions.Default, new CodeCache(_physical));
        _memory = new KernelMemory(_physical, options with { Poisoning = FramePoisoning.Off, ReadaheadPages = 0 }, [_processor.Mmu]);
        _memory.Settings.PageCluster = 0;
        var layout = new AddressLayout(LayoutRandomization.Off, 8 << 20, static () => 0);
        _space = _memory.TryCreateAddressSpace(new AddressSpaceOptions(layout, new MemoryLimits(), ProcessTag: 1))!;
        _space.ActivateOn(0);
    }

    /// <summary>Nanoseconds of what the device does for a page: copy it to a frame, neither being in the host's cache.</summary>
    public static double Copy(int rounds)
    {
        using var physical = new PhysicalMemory(ByteSize.FromMiB(RamMiB));
        using var device = new ArrayDevice(Pages);
        return Enumerable.Range(0, rounds * 20).Min(round =>
        {
            var first = (uint)(round * PartPages % Pages);
            var watch = Stopwatch.StartNew();
            for (var page = first; page < first + PartPages; page++)
            {
                device.TryRead(page, physical.Write(new FrameNumber(page % FittingPages)));
            }

            return watch.Elapsed.TotalNanoseconds / PartPages;
        });
    }

    public static double FileFault(int rounds)
    {
        using var full = new FullMemory(new KernelMemoryOptions());
        var at = full.MapFile();
        full.Touch(at, Pages, AccessKind.Read);
        return full.BestTouch(at, rounds) - Copy(rounds);
    }

    public static double SwapFault(int rounds)
    {
        using var full = new FullMemory(WithSwap());
        var at = full.MapAnonymous();
        full.Touch(at, Pages, AccessKind.Write);

        // From now on each page has its slot, and is not written again.
        full.Touch(at, Pages, AccessKind.Read);
        return full.BestTouch(at, rounds) - Copy(rounds);
    }

    public static double ScanFile(int rounds)
    {
        using var full = new FullMemory(new KernelMemoryOptions());
        return full.Scan(full.MapFile(), AccessKind.Read, rounds);
    }

    public static double ScanAnonymous(int rounds)
    {
        using var full = new FullMemory(WithSwap());
        return full.Scan(full.MapAnonymous(), AccessKind.Write, rounds);
    }

    public void Dispose()
    {
        _space.Release();
        _memory.Dispose();
        _processor.Dispose();
        _physical.Dispose();
    }

    /// <summary>Nanoseconds for a page: the best of the rounds for each part of them, so that an interruption spoils no whole round.</summary>
    private double BestTouch(VirtualAddress memory, int rounds)
    {
        var best = new double[Pages / PartPages];
        Array.Fill(best, double.MaxValue);
        for (var round = 0; round < rounds; round++)
        {
            for (var part = 0; part < best.Length; part++)
            {
                best[part] = Math.Min(best[part], Touch(memory + ((ulong)(part * PartPages) << Page.Shift), PartPages, AccessKind.Read));
            }
        }

        return best.Sum() / Pages;
    }

    /// <summary>
    /// Million pages a second that rounds of the background reclaimer look at, every page having been used since it was looked at last: the median of
    /// many turns. Pages go from list to list, and hardly any is evicted.
    /// </summary>
    private double Scan(VirtualAddress at, AccessKind kind, int rounds)
    {
        var counters = _memory.Counters.Reclaim;
        var rates = new List<double>();
        for (var turn = 0; turn < rounds * 500; turn++)
        {
            Touch(at, FittingPages, kind);
            var before = counters.Scanned + counters.Refilled;
            var watch = Stopwatch.StartNew();
            for (var round = 0; round < 4; round++)
            {
                _memory.Reclaim.Shrink(_memory.Pools.Global, new ReclaimRequest(Wanted: 1, Priority: 3, ReclaimOrigin.Background));
            }

            rates.Add((counters.Scanned + counters.Refilled - before) * 1000 / watch.Elapsed.TotalNanoseconds);
        }

        return rates.Order().ElementAt(rates.Count / 2);
    }

    private static KernelMemoryOptions WithSwap() => new() { SwapAreas = [new SwapAreaOptions(Pages, null, new ArrayDevice(Pages))] };

    private VirtualAddress MapAnonymous() => new((ulong)_space.Map(
        new MapRequest(default, (ulong)Pages << Page.Shift, Protection.Read | Protection.Write, MapFlags.Private | MapFlags.Anonymous)));

    private VirtualAddress MapFile()
    {
        var file = new ArrayFile(_memory);
        return new((ulong)_space.Map(new MapRequest(default, file.Pages.Length, Protection.Read, MapFlags.Shared) { File = file }));
    }

    /// <summary>Touches each page in turn; nanoseconds altogether.</summary>
    private double Touch(VirtualAddress memory, int pages, AccessKind kind)
    {
        var mmu = _processor.Mmu;
        var watch = Stopwatch.StartNew();
        for (var page = 0; page < pages; page++)
        {
            var address = memory + ((ulong)page << Page.Shift);
            while (mmu.TranslateData(address.Value, kind) == null)
            {
                _space.HandleFault(address, mmu.FaultError | PageFaultError.User);
            }
        }

        return watch.Elapsed.TotalNanoseconds;
    }

    /// <summary>Pages in memory: what a swap area is on, or a file in.</summary>
    private sealed class ArrayDevice : ISwapStorage
    {
        private readonly byte[] _bytes;

        public ArrayDevice(int pages)
        {
            _bytes = new byte[pages << Page.Shift];
            _bytes.AsSpan().Fill(1);
        }

        public string Name => "/dev/array";

        public bool TryRead(uint slot, Span<byte> page)
        {
            _bytes.AsSpan((int)slot << Page.Shift, Page.Size).CopyTo(page);
            return true;
        }

        public bool TryWrite(uint slot, ReadOnlySpan<byte> page)
        {
            page.CopyTo(_bytes.AsSpan((int)slot << Page.Shift));
            return true;
        }

        public void Dispose()
        {
        }
    }

    /// <summary>A file on such a device.</summary>
    private sealed class ArrayFile : IMappedFile, IPageSource
    {
        private readonly ArrayDevice _device = new(FullMemory.Pages);

        public ArrayFile(KernelMemory memory) => Pages = memory.CreatePageCache(this, (ulong)FullMemory.Pages << Page.Shift);

        public PageCache Pages { get; }

        public string Path => "/array";

        public string Name => Path;

        public ulong DeviceNumber => 1;

        public ulong InodeNumber => 1;

        public bool IsReadable => true;

        public bool IsWritable => false;

        public bool IsBacked => true;

        public void AddReference()
        {
        }

        public void Release()
        {
        }

        public Errno ReadPage(ulong index, Span<byte> page)
        {
            _device.TryRead((uint)index, page);
            return Errno.None;
        }

        public Errno WritePage(ulong index, ReadOnlySpan<byte> bytes) => Errno.None;
    }
}
