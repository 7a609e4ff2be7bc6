using System.Runtime.InteropServices;

namespace Quire.Allocation.Bench;

/// <summary>The workloads of workload.c, number for number.</summary>
internal sealed unsafe class Workloads<TSubject>(TSubject subject, bool touches)
    where TSubject : ISubject
{
    public const int Live = 100_000;
    private const int Window = 1000;
    private const int SizeCount = 1 << 16;

    // Outside of the collector's heap and without bounds checks, as in C.
    private readonly int* _sizes = MakeSizes();
    private readonly nint* _live = (nint*)NativeMemory.AllocZeroed(Live, (nuint)sizeof(nint));
    private readonly int* _liveSizes = (int*)NativeMemory.AllocZeroed(Live, sizeof(int));
    private ulong _seed = 42;

    public long LiveBytes { get; private set; }
    public long PeakLiveBytes { get; private set; }

    public void FillEqual() => Fill(_ => 64);

    public void FillMixed() => Fill(random => _sizes[random & (SizeCount - 1)]);

    public void Pair(long count)
    {
        for (long i = 0; i < count; i++)
        {
            subject.Free(Take(64));
        }
    }

    public void Lifo(long count)
    {
        var stack = stackalloc void*[1000];
        for (long i = 0; i < count; i += 1000)
        {
            for (var k = 0; k < 1000; k++)
            {
                stack[k] = Take(64);
            }

            for (var k = 999; k >= 0; k--)
            {
                subject.Free(stack[k]);
            }
        }
    }

    public void Random(long count)
    {
        var live = _live;
        for (long i = 0; i < count; i++)
        {
            var k = Next() % Live;
            subject.Free((void*)live[k]);
            live[k] = (nint)Take(64);
        }
    }

    public void Mixed(long count)
    {
        for (long i = 0; i < count; i++)
        {
            var random = Next();
            var k = (i & 15) != 15 ? ((uint)(i >> 4) % (Live - Window)) + (random % Window) : random % Live;
            var size = _sizes[(random >> 11) & (SizeCount - 1)];
            subject.Free((void*)_live[k]);
            LiveBytes += size - _liveSizes[k];
            _liveSizes[k] = size;
            PeakLiveBytes = Math.Max(PeakLiveBytes, LiveBytes);
            _live[k] = (nint)Take(size);
        }
    }

    private static int* MakeSizes()
    {
        ulong seed = 42;
        var sizes = (int*)NativeMemory.Alloc(SizeCount, sizeof(int));
        for (var i = 0; i < SizeCount; i++)
        {
            seed = (seed * 6364136223846793005) + 1442695040888963407;
            var u = ((uint)(seed >> 33) + 0.5) / 2147483648.0;
            sizes[i] = (int)(1 / ((1 / 16.0) - (u * ((1 / 16.0) - (1 / 4096.0)))));
        }

        return sizes;
    }

    private void Fill(Func<uint, int> size)
    {
        for (var k = 0; k < Live; k++)
        {
            _liveSizes[k] = size(Next());
            LiveBytes += _liveSizes[k];
            _live[k] = (nint)Take(_liveSizes[k]);
            if (touches)
            {
                new Span<byte>((void*)_live[k], _liveSizes[k]).Fill(1);
            }
        }

        PeakLiveBytes = LiveBytes;
    }

    private void* Take(nint size)
    {
        var block = subject.Allocate(size);
        if (touches)
        {
            *(nint*)block = size;
        }

        return block;
    }

    private uint Next()
    {
        _seed = (_seed * 6364136223846793005) + 1442695040888963407;
        return (uint)(_seed >> 33);
    }
}
