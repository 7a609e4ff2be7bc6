using System.Reflection;
using System.Runtime.InteropServices;
using Quire.Traces;
using Xunit;

namespace Quire.Replacement.Tests;

/// <summary>What a policy keeps for each frame and for each page that it remembers after it left.</summary>
public class PolicyMemoryTests
{
    private const int Frames = 2000;
    private const int BytesOfFrame = 40;
    private const int BytesOfGhost = 16;

    public static TheoryData<string> Policies => [.. PolicyRegistry.FixedSpace.Select(policy => policy.Name)];

    [Theory]
    [MemberData(nameof(Policies))]
    public void KeepsFortyBytesAFrameAndSixteenAGhost(string name)
    {
        var bytes = PolicyRegistry.Parse(name).Build(Frames, new FrameBits(Frames), new Fill());
        Assert.True(bytes <= ((long)Frames * BytesOfFrame) + ((long)Ghosts(name) * BytesOfGhost) + 4096, $"{name}: {bytes / (double)Frames:0.0} bytes a frame");
    }

    // Entries for pages that left, as each paper sizes them.
    private static int Ghosts(string name) => name switch
    {
        "arc" or "car" or "clock-pro" or "lru-k" => Frames,
        "s3-fifo" => Frames,
        "2q" => Frames / 2,
        "lirs" => 2 * Frames, // its stack has no limit but recency: here pages are four times the frames
        _ => 0,
    };

    /// <summary>Runs four times as many pages as there are frames through the policy, some of them often, and weighs what it has become.</summary>
    private sealed class Fill : IPolicyVisitor<long>
    {
        public long Visit<TPolicy>(TPolicy policy, PolicySpecification specification)
            where TPolicy : struct, IReplacementPolicy, IPolicyDefinition<TPolicy>
        {
            const int pages = 4 * Frames;
            var random = new Random(7);
            var table = Enumerable.Repeat(-1, pages).ToArray();
            var shadows = Enumerable.Repeat(Arrival.NoShadow, pages).ToArray();
            var pageIn = new int[Frames];
            var used = 0;
            for (long time = 1; time <= 20 * pages; time++)
            {
                var page = random.Next(2) == 0 ? random.Next(pages) : random.Next(pages / 8);
                var frame = table[page];
                if (frame >= 0)
                {
                    policy.Touch(frame, 1, time);
                }
                else
                {
                    var arrival = new Arrival((ulong)page, shadows[page], time);
                    frame = used < Frames ? used++ : Evict(arrival);
                    policy.Admit(frame, arrival);
                    table[page] = frame;
                    pageIn[frame] = page;
                }

                if (TPolicy.Source == InformationSource.Future)
                {
                    policy.SetNextUse(frame, time + random.Next(1, pages));
                }
            }

            return Weight(policy, []);

            int Evict(in Arrival arrival)
            {
                var frame = policy.Evict(arrival, out var shadow);
                table[pageIn[frame]] = -1;
                shadows[pageIn[frame]] = shadow;
                return frame;
            }
        }

        // Bytes of all arrays that the policy reaches.
        private static long Weight(object? value, HashSet<object> seen)
        {
            switch (value)
            {
                case null or string or FrameBits:
                    return 0;
                case Array array:
                    if (!seen.Add(array))
                    {
                        return 0;
                    }

                    var element = array.GetType().GetElementType()!;
                    return element.IsValueType ? Buffer(array) : array.Cast<object?>().Sum(item => 8 + Weight(item, seen));
            }

            var type = value.GetType();
            if (type.IsPrimitive || type.IsEnum || type.IsPointer || (!type.IsValueType && !seen.Add(value)))
            {
                return 0;
            }

            return type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Sum(field => Weight(field.GetValue(value), seen));
        }

        private static long Buffer(Array array)
        {
            var size = typeof(System.Runtime.CompilerServices.Unsafe).GetMethod("SizeOf")!.MakeGenericMethod(array.GetType().GetElementType()!);
            return (long)array.Length * (int)size.Invoke(null, null)!;
        }
    }
}
