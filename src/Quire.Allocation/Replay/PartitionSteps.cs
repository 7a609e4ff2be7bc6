namespace Quire.Allocation;

/// <summary>Plays steps on fixed partitions: a job that finds none free waits in its queue until one is.</summary>
/// <param name="unit">Bytes of a unit.</param>
public sealed class PartitionSteps(FixedPartitions partitions, int unit)
{
    // Jobs are numbered by their step.
    private readonly Dictionary<string, HeapStep> _jobs = [];

    public IReadOnlyList<AllocationStep> Run(IReadOnlyList<HeapStep> steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        return [.. steps.Select(step => step.Kind switch
        {
            HeapStepKind.Allocate => Submit(step),
            HeapStepKind.Free => End(step.Name),
            _ => Step("reallocate", step.Name, step.Size, -1, "a job keeps the partition that it was given"),
        })];
    }

    private AllocationStep Submit(HeapStep step)
    {
        _jobs[step.Name] = step;
        var size = (Math.Max(step.Size, 1) + unit - 1) / unit;
        if (size > partitions.Count || !partitions.Submit(new PartitionJob(step.Number, (uint)size)))
        {
            _jobs[step.Name] = step with { Number = -step.Number };
            return Step("allocate", step.Name, step.Size, -1, $"no partition is ever large enough: the largest has {Text(partitions.Partitions.Max(partition => partition.Length))}");
        }

        var place = PlaceOf(step.Number);
        if (place < 0)
        {
            return Step("wait", step.Name, step.Size, -1, $"every partition that could hold it is taken: {partitions.Waiting.Count} waiting now");
        }

        var partition = partitions.Partitions[place];
        var wasted = ((long)partition.Length * unit) - step.Size;
        return Step("allocate", step.Name, step.Size, (long)partition.Start * unit, $"takes partition {place + 1} of {Text(partition.Length)} and wastes {StepText.Exact(wasted)} of it");
    }

    private AllocationStep End(string name)
    {
        _jobs.Remove(name, out var job);
        if (job.Number < 0)
        {
            return Step("free", name, 0, -1, $"there is nothing to free, as step {-job.Number} failed");
        }

        if (partitions.Withdraw(job.Number))
        {
            return Step("free", name, job.Size, -1, "it waited, and leaves the queue");
        }

        var place = PlaceOf(job.Number);
        var partition = partitions.Partitions[place];
        var next = partitions.Complete(place);
        var reason = next is { } admitted
            ? $"{_jobs.First(entry => entry.Value.Number == admitted.Id).Key}, which waited, takes partition {place + 1} of {Text(partition.Length)}"
            : $"partition {place + 1} of {Text(partition.Length)} is empty";
        return Step("free", name, job.Size, (long)partition.Start * unit, reason);
    }

    private int PlaceOf(int number) => Enumerable.Range(0, partitions.Partitions.Count).FirstOrDefault(i => partitions.JobIn(i)?.Id == number, -1);

    private AllocationStep Step(string operation, string name, long size, long offset, string reason)
    {
        var blocks = partitions.Partitions.Select((partition, i) =>
        {
            var owner = partitions.JobIn(i) is { } job ? _jobs.First(entry => entry.Value.Number == job.Id) : default;
            return new NamedBlock(owner.Key ?? "", (long)partition.Start * unit, (long)partition.Length * unit, owner.Value.Size);
        }).ToList();
        var length = offset < 0 || operation == "free" ? 0 : blocks.First(block => block.Offset == offset).Length;
        var waiting = partitions.Waiting.Count == 0 ? "" : $"; waiting: {string.Join(", ", partitions.Waiting.Select(job => _jobs.First(entry => entry.Value.Number == job.Id).Key))}";
        return new AllocationStep(operation, name, size, offset, length, 0, 0, reason + waiting, blocks);
    }

    private string Text(uint units) => StepText.Exact((long)units * unit);
}
