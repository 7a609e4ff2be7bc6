namespace Quire.Allocation.Tests;

public class FixedPartitionTests
{
    [Fact]
    public void EqualPartitionsWasteTheRestOfEach()
    {
        var partitions = FixedPartitions.Equal(64, 8, PartitionQueue.Common);
        Assert.Equal(8, partitions.Partitions.Count);
        Assert.True(partitions.Submit(new PartitionJob(1, 5)));
        Assert.False(partitions.Submit(new PartitionJob(2, 9)));
        Assert.Equal(3u, partitions.WastedUnits);
        Assert.Equal(56u, partitions.FreeUnits);
    }

    // Stallings, figure 7.3: with one queue a partition a job waits for the smallest that holds it while a larger one is empty.
    [Fact]
    public void WithOneQueueEachAJobWaitsThoughALargerPartitionIsEmpty()
    {
        var each = new FixedPartitions([4, 8, 16], PartitionQueue.OnePerPartition);
        var common = new FixedPartitions([4, 8, 16], PartitionQueue.Common);
        foreach (var partitions in new[] { each, common })
        {
            partitions.Submit(new PartitionJob(1, 3));
            partitions.Submit(new PartitionJob(2, 4));
        }

        Assert.Equal([new PartitionJob(2, 4)], each.Waiting);
        Assert.Empty(common.Waiting);
        Assert.Equal(new PartitionJob(2, 4), common.JobIn(1));
        Assert.Equal(new PartitionJob(2, 4), each.Complete(0));
        Assert.Empty(each.Waiting);
    }

    [Fact]
    public void ACompletedPartitionAdmitsTheFirstWaitingJobThatFits()
    {
        var partitions = new FixedPartitions([4, 16], PartitionQueue.Common);
        partitions.Submit(new PartitionJob(1, 4));
        partitions.Submit(new PartitionJob(2, 10));
        partitions.Submit(new PartitionJob(3, 12));
        partitions.Submit(new PartitionJob(4, 2));
        Assert.Equal(new PartitionJob(4, 2), partitions.Complete(0));
        Assert.Equal(new PartitionJob(3, 12), partitions.Complete(1));
        Assert.Null(partitions.Complete(0));
        Assert.Throws<HeapMisuseException>(() => partitions.Complete(0));
    }
}
