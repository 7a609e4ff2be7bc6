using Quire.Hardware.Translation;
using Quire.Kernel.Memory;
using Quire.Kernel.Memory.HugePages;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Memory;

/// <summary>Random calls on up to four related address spaces, compared page by page with <see cref="PageModel"/>, and audited.</summary>
public sealed class AddressSpaceModelTests
{
    public static TheoryData<int, int, int, string, uint> Machines => new()
    {
        { 1, 16, 1, "default", 0 }, { 2, 16, 1, "default", 0 }, { 3, 16, 1, "off", 0 }, { 4, 16, 1, "off", 0 },
        { 5, 16, 3, "default", 0 }, { 6, 16, 3, "off", 0 }, { 7, 3, 2, "l1d=8x2,l1i=8x2,l2=16x4", 0 }, { 8, 3, 2, "tags=off", 0 }, { 9, 3, 3, "default", 0 },
        { 10, 16, 1, "default", 600 }, { 11, 16, 1, "off", 600 }, { 12, 16, 3, "default", 600 }, { 13, 3, 2, "l1d=8x2,l1i=8x2,l2=16x4", 600 },
        { 14, 16, 2, "off", 40 }, { 15, 16, 3, "default", 20 }, { 16, 3, 2, "tags=off", 100 },
    };

    [Theory]
    [MemberData(nameof(Machines))]
    public void RandomCallsAgreeWithTheModel(int seed, int ramMiB, int cpus, string tlb, uint swapSlots) =>
        new Walk(seed, ramMiB, cpus, tlb, swapSlots, HugePageUse.Never).Run(steps: 600);

    [Theory]
    [InlineData(21, 160, 1, "default", 0)]
    [InlineData(22, 160, 3, "off", 0)]
    [InlineData(23, 24, 1, "l1d=8x2,l1i=8x2,l2=16x4", 50_000)]
    [InlineData(24, 24, 2, "off", 50_000)]
    [InlineData(25, 14, 2, "default", 50_000)]
    [InlineData(26, 14, 1, "tags=off", 50_000)]
    public void RandomCallsAgreeWithTheModelOverHugePages(int seed, int ramMiB, int cpus, string tlb, uint swapSlots) =>
        new Walk(seed, ramMiB, cpus, tlb, swapSlots, HugePageUse.Always).Run(steps: 300);

    private sealed class Walk
    {
        private const int Pages = 48;
        private const int FilePages = 24;
        private const int MostSpaces = 4;
        private const ulong Base = 0x5000_0000;

        private static readonly Protection[] Protections =
            [Protection.None, Protection.Read, Protection.Read, MemoryWorld.ReadWrite, MemoryWorld.ReadWrite, MemoryWorld.ReadWrite | Protection.Execute];

        // With huge pages, each page of the model is a piece of 512 KiB, so that the calls cut huge pages in every way.
        private const int PieceShift = 19;

        private readonly Random _random;
        private readonly int _shift;
        private readonly MemoryWorld _world;
        private readonly ArrayFile _file;
        private readonly ModelObject _fileModel = new(new ulong[Pages + FilePages]) { PageCount = FilePages };
        private readonly List<(AddressSpace Space, PageModel Model)> _spaces = [];
        private ulong _nextValue = 1;

        public Walk(int seed, int ramMiB, int cpus, string tlb, uint swapSlots, HugePageUse hugePages)
        {
            _shift = hugePages == HugePageUse.Always ? PieceShift : Page.Shift;
            _random = new Random(seed);
            var options = TlbOptions.Default;
            Assert.True(tlb == "default" || TlbOptions.TryParse(tlb, out options, out _));
            _world = new MemoryWorld(ramMiB, swapSlots == 0 ? null : MemoryWorld.WithSwap(swapSlots), cpus, options);
            _world.Memory.HugePages.Use = hugePages;
            _file = _world.NewFile(new byte[Bytes(FilePages)]);
            _spaces.Add((_world.Space, new PageModel(Pages)));
        }

        public void Run(int steps)
        {
            for (var step = 0; step < steps; step++)
            {
                var (space, model) = _spaces[_random.Next(_spaces.Count)];
                var first = _random.Next(Pages);
                var count = _random.Next(1, Math.Min(16, Pages - first) + 1);
                switch (_random.Next(14))
                {
                    case 0 or 1:
                        Map(space, model, first, count);
                        break;
                    case 2:
                        Assert.Equal(0, space.Unmap(AddressOf(first), Bytes(count)));
                        model.Unmap(first, count);
                        break;
                    case 3 or 4:
                        var protection = Protections[_random.Next(Protections.Length)];
                        Assert.Equal(model.Protect(first, count, protection) ? 0 : Errno.ENOMEM.ToResult(), space.Protect(AddressOf(first), Bytes(count), protection));
                        break;
                    case 5:
                        Assert.Equal(model.DontNeed(first, count) ? 0 : Errno.ENOMEM.ToResult(), space.Advise(AddressOf(first), Bytes(count), MemoryAdvice.DontNeed));
                        break;
                    case 6:
                        Remap(space, model, first, count);
                        break;
                    case 7:
                        ForkOrExit();
                        break;
                    case 8:
                        ChangeFile();
                        break;
                    case 9:
                        space.Advise(AddressOf(first), Bytes(count), (MemoryAdvice)_random.Next(0, 4));
                        break;
                    default:
                        Write(space, model, first, count);
                        break;
                }

                PageSomeOut();
                if (_random.Next(8) == 0)
                {
                    PromoteOrCompact();
                }

                if (step % 10 == 0)
                {
                    CompareAll();
                }
            }

            CompareAll();
            Assert.Equal(_world.Memory.HugePages.Use == HugePageUse.Always, _world.Memory.Counters.HugePages is { PeakMapped: > 0, Split: > 0 });
            _world.Memory.SyncAll();
            foreach (var (space, _) in _spaces)
            {
                space.Release();
            }

            _world.Memory.Audit();
            Assert.Equal(0, _world.Memory.Counters.AnonymousPages);
            Assert.Equal(_world.Memory.SwapPages, _world.Memory.FreeSwapPages);
            Assert.Equal(_world.Memory.SwapPages > 0, _world.Memory.Counters.Swap.In > 0);
            Assert.Equal(0, _world.Memory.Counters.PageTablePages);
            Assert.Equal(0, _world.Memory.Counters.Committed);
            Assert.Equal(0, _file.References);
        }

        private VirtualAddress AddressOf(int page) => new(Base + Bytes(page));

        private ulong Bytes(int pages) => (ulong)pages << _shift;

        private void Map(AddressSpace space, PageModel model, int first, int count)
        {
            var isPlain = _shift == PieceShift && _random.Next(2) == 0;
            var protection = isPlain ? MemoryWorld.ReadWrite : Protections[_random.Next(Protections.Length)];
            var isShared = !isPlain && _random.Next(2) == 0;
            var isFile = !isPlain && _random.Next(2) == 0;
            var index = _random.Next(FilePages);
            var flags = (isShared ? MapFlags.Shared : MapFlags.Private) | MapFlags.Fixed | (isFile ? 0 : MapFlags.Anonymous);
            flags |= _random.Next(4) == 0 ? MapFlags.Populate : 0;
            var request = new MapRequest(AddressOf(first), Bytes(count), protection, flags)
            {
                File = isFile ? _file : null,
                FileOffset = isFile ? Bytes(index) : 0,
            };
            Assert.Equal((long)AddressOf(first).Value, space.Map(request));
            var content = isFile ? _fileModel : isShared ? new ModelObject(new ulong[count]) : null;
            model.Map(first, count, protection, content, isFile ? index : 0, isShared);
            if ((flags & MapFlags.Populate) != 0 && !isShared && (protection & Protection.Write) != 0)
            {
                model.CopyAll(first, count);
            }
        }

        private void Remap(AddressSpace space, PageModel model, int first, int count)
        {
            var newCount = _random.Next(1, 12);
            var target = _random.Next(Pages);
            if (target + newCount > Pages || (first + count > target && target + newCount > first))
            {
                return;
            }

            // Only a range inside one region, and beyond shared memory's end nothing is modelled.
            var region = space.FindRegion(AddressOf(first));
            var isInOne = region is not null && region.Range.End.Value >= AddressOf(first + count).Value;
            var grows = newCount > count;
            if (isInOne && grows && model[first] is { Object: { } o } at && at.Index + newCount > o.Values.Length)
            {
                return;
            }

            var result = space.Remap(AddressOf(first), Bytes(count), Bytes(newCount), RemapFlags.MayMove | RemapFlags.Fixed, AddressOf(target));
            if (isInOne || (region is not null && region.Range.End.Value >= AddressOf(first + Math.Min(count, newCount)).Value))
            {
                Assert.Equal((long)AddressOf(target).Value, result);
                model.Unmap(target, newCount);
                model.Move(first, count, target, newCount);
            }
            else
            {
                Assert.Equal(Errno.EFAULT, (Errno)(-result));

                // Linux, too, has unmapped by then what was in the way and what was to be cut off.
                model.Unmap(target, region is null ? 0 : newCount);
                model.Unmap(first + Math.Min(count, newCount), region is null ? 0 : Math.Max(0, count - newCount));
            }
        }

        private void ForkOrExit()
        {
            if (_spaces.Count < MostSpaces)
            {
                var (space, model) = _spaces[_random.Next(_spaces.Count)];
                _spaces.Add((space.TryFork(_world.Limits, _spaces.Count + 1)!, model.Fork()));
            }
            else
            {
                var index = _random.Next(_spaces.Count);
                _spaces[index].Space.Release();
                _spaces.RemoveAt(index);
            }
        }

        private void ChangeFile()
        {
            if (_random.Next(3) > 0)
            {
                var page = _random.Next(_fileModel.PageCount + 1);
                page = Math.Min(page, FilePages - 1);
                Assert.Equal(sizeof(ulong), _file.Pages!.WriteBytes(Bytes(page), BitConverter.GetBytes(_nextValue)));
                _fileModel.PageCount = Math.Max(_fileModel.PageCount, page + 1);
                _fileModel.Values[page] = _nextValue++;
            }
            else
            {
                var pages = _random.Next(FilePages) + 1;
                _file.Pages!.SetLength(Bytes(pages));
                if (pages < _fileModel.PageCount)
                {
                    Array.Clear(_fileModel.Values, pages, _fileModel.Values.Length - pages);
                }

                _fileModel.PageCount = pages;
                _file.SetDeviceLength((int)Bytes(pages));
                foreach (var (_, model) in _spaces)
                {
                    model.Truncated(_fileModel);
                }
            }
        }

        // Whatever the last call left in RAM may be taken back before the next.
        private void PageSomeOut()
        {
            for (var chances = _world.Memory.SwapPages > 0 ? 64 : 0; chances > 0; chances--)
            {
                _world.Memory.Reclaim.TryEvict(new FrameNumber((uint)_random.Next((int)_world.Memory.Frames.TotalFrames)));
                var (space, _) = _spaces[_random.Next(_spaces.Count)];
                var leaf = space.LeafAt(AddressOf(_random.Next(Pages)));
                if (leaf.Present && _random.Next(2) == 0)
                {
                    _world.Memory.Reclaim.TryEvict(leaf.Frame);
                }
            }
        }

        private void PromoteOrCompact()
        {
            if (_random.Next(2) == 0)
            {
                _world.Memory.Promoter.Scan(_random.Next(1, 16) * HugePageSettings.Pages);
            }
            else
            {
                _world.Memory.Compactor.CompactAll(_random.Next(3, HugePageSettings.Order + 1));
            }
        }

        private void Write(AddressSpace space, PageModel model, int first, int count)
        {
            for (var page = first; page < first + count; page++)
            {
                var isDone = _random.Next(3) == 0 ? space.TryWrite(AddressOf(page), _nextValue) : RunSomewhere(space).TryStore(space, AddressOf(page), _nextValue);
                Assert.Equal(model.TryWrite(page, _nextValue), isDone);
                _nextValue++;
            }
        }

        private void CompareAll()
        {
            _world.Memory.Audit();
            foreach (var (space, model) in _spaces)
            {
                for (var page = 0; page < Pages; page++)
                {
                    Compare(space, model, page);
                }
            }

            _world.Memory.Audit();
        }

        private TestCpu RunSomewhere(AddressSpace space) => _world.RunOn(_random.Next(_world.Cpus.Length), space);

        private void Compare(AddressSpace space, PageModel model, int page)
        {
            var isReadable = model.TryRead(page, out var expected);
            var cpu = RunSomewhere(space);
            Assert.Equal(isReadable, _random.Next(3) == 0 ? space.TryRead(AddressOf(page), out ulong actual) : cpu.TryLoad(space, AddressOf(page), out actual));
            Assert.Equal(isReadable ? expected : actual, actual);
            var region = space.FindRegion(AddressOf(page));
            Assert.Equal(model[page].IsMapped, region is not null);
            if (region is not null)
            {
                Assert.Equal(model[page].Protection, region.Protection);
                Assert.Equal(model[page].IsShared, region.IsShared);
            }
        }
    }
}
