namespace Quire.Collection.Tests;

/// <summary>Work stealing: nothing is lost or done twice, and all stop when nothing is left.</summary>
public class GreyPoolTests
{
    [Fact]
    public void WhatIsOfferedIsTheOlderHalfAndAThiefTakesHalfOfThat()
    {
        using var pool = new GreyPool(2, new HeapBudget(1 << 20));
        pool.Begin(2);
        for (var i = 1; i <= 8; i++)
        {
            pool[0].Grey.Push(8 * i);
        }

        pool[0].Offer();
        Assert.Equal([40, 48, 56, 64], Contents(pool[0].Grey).Order());
        Assert.True(pool.TryFind(pool[1]));
        Assert.Equal([8, 16], Contents(pool[1].Grey).Order());
        Assert.Equal(1, pool.Stolen);
        pool[0].Grey.Clear();
        Assert.True(pool.TryFind(pool[0]));
        Assert.Equal([24, 32], Contents(pool[0].Grey).Order());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void EveryEntryOfATreeIsTakenOnceWhoeverTakesIt(int workers)
    {
        const int Leaves = 1 << 15;
        using var pool = new GreyPool(workers, new HeapBudget(1 << 20));
        var taken = new int[2 * Leaves];
        pool[0].Grey.Push(8);
        pool.Begin(workers);
        var threads = Enumerable.Range(0, workers).Select(number => new Thread(() => Work(pool, pool[number], taken))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.All(taken.Skip(1), times => Assert.Equal(1, times));
    }

    // Entry 8n stands for node n of a heap-ordered tree: its children are 2n and 2n + 1.
    private static void Work(GreyPool pool, GreyPool.Worker worker, int[] taken)
    {
        do
        {
            while (!worker.Grey.IsEmpty)
            {
                var node = (int)(worker.Grey.Pop() / 8);
                Interlocked.Increment(ref taken[node]);
                if (2 * node < taken.Length)
                {
                    worker.Grey.Push(8 * 2 * node);
                    worker.Grey.Push(8 * ((2 * node) + 1));
                }

                worker.Offer();
            }
        }
        while (pool.TryFind(worker));
    }

    private static IEnumerable<nint> Contents(AddressStack stack)
    {
        var contents = new List<nint>();
        for (var i = 0L; i < stack.Count; i++)
        {
            contents.Add(stack[i]);
        }

        return contents;
    }
}
