using Xunit;

namespace Quire.Replacement.Tests;

/// <summary>While a page that may go is resident, a policy gives it up in the end, however few pages that is and wherever it keeps them.</summary>
public class PinnedFramesTests
{
    private const int Frames = 64;
    private const int Resident = 24;

    public static TheoryData<string> Policies => [.. PolicyRegistry.FixedSpace.Select(policy => policy.Name)];

    [Theory]
    [MemberData(nameof(Policies))]
    public void TheOnlyPageThatMayGoIsFound(string name)
    {
        for (var seed = 0; seed < 100; seed++)
        {
            var bits = new PinnableBits();
            Assert.True(PolicyRegistry.Parse(name).Build(Frames, bits, new Pin(bits, new Random(seed))), $"seed {seed}");
        }
    }

    /// <summary>Fills a policy in part, has pages go and come back, pins all but one, and takes what it gives up, as a kernel does that sets aside what it cannot evict.</summary>
    private sealed class Pin(PinnableBits bits, Random random) : IPolicyVisitor<bool>
    {
        public bool Visit<TPolicy>(TPolicy policy, PolicySpecification specification)
            where TPolicy : struct, IReplacementPolicy, IPolicyDefinition<TPolicy>
        {
            var shadows = new int[Resident * 2];
            Array.Fill(shadows, Arrival.NoShadow);
            var frameOf = new Dictionary<int, int>();
            var hot = random.Next(1, shadows.Length + 1);
            var spare = new Stack<int>(Enumerable.Range(0, Resident));
            var time = 0L;
            for (var reference = 0; reference < 400; reference++)
            {
                var page = random.Next(random.Next(4) == 0 ? shadows.Length : hot);
                time++;
                if (frameOf.TryGetValue(page, out var frame))
                {
                    policy.Touch(frame, 1, time);
                    bits.Bits.SetReferenced(frame, ReferenceBit.Set);
                }
                else
                {
                    var arrival = new Arrival((ulong)page, shadows[page], time);
                    if (spare.Count == 0)
                    {
                        var victim = policy.Evict(arrival, out var shadow);
                        var gone = frameOf.First(pair => pair.Value == victim).Key;
                        frameOf.Remove(gone);
                        shadows[gone] = shadow;
                        spare.Push(victim);
                    }

                    frame = spare.Pop();
                    policy.Admit(frame, arrival);
                    frameOf[page] = frame;
                }

                if (TPolicy.Source == InformationSource.Future)
                {
                    policy.SetNextUse(frame, time + random.Next(1, 100));
                }
            }

            var free = frameOf.Values.ElementAt(random.Next(frameOf.Count));
            bits.Unpinned = free;
            for (var tries = 0; tries < Resident; tries++)
            {
                if (policy.Evict(Arrival.None(++time), out _) is var given && (given < 0 || given == free))
                {
                    return given == free;
                }
            }

            return false;
        }
    }

    private sealed class PinnableBits : ReferenceBits
    {
        public FrameBits Bits { get; } = new(Frames);

        /// <summary>Every other frame is pinned, once this is one.</summary>
        public int Unpinned { get; set; } = -1;

        public override bool IsReferenced(int frame) => Bits.IsReferenced(frame);

        public override bool TestAndClearReferenced(int frame) => Bits.TestAndClearReferenced(frame);

        public override void SetReferenced(int frame, ReferenceBit bit) => Bits.SetReferenced(frame, bit);

        public override bool IsDirty(int frame) => Bits.IsDirty(frame);

        public override void WriteBack(int frame) => Bits.WriteBack(frame);

        public override bool IsPinned(int frame) => Unpinned >= 0 && frame != Unpinned;
    }
}
