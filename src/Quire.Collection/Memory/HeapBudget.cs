namespace Quire.Collection;

/// <summary>A heap's size limit: whatever takes memory for the heap (spaces, copy reserve, mark bits, remembered sets, roots, handles) is charged here first.</summary>
public sealed class HeapBudget(long limit)
{
    private long _charged;
    private long _peak;

    /// <summary>Bytes.</summary>
    public long Limit { get; } = limit;

    /// <summary>Bytes charged now, and at most so far.</summary>
    public long Charged => Volatile.Read(ref _charged);

    public long Peak => Volatile.Read(ref _peak);

    public long Left => Limit - Charged;

    /// <summary>False, and nothing charged, when the limit would be exceeded.</summary>
    public bool TryCharge(long bytes)
    {
        var charged = Interlocked.Add(ref _charged, bytes);
        if (charged > Limit)
        {
            Interlocked.Add(ref _charged, -bytes);
            return false;
        }

        RaisePeak(charged);
        return true;
    }

    /// <summary>Charges what a collection cannot do without, even beyond the limit: growing mark stacks and remembered sets. The peak shows it.</summary>
    public void Charge(long bytes) => RaisePeak(Interlocked.Add(ref _charged, bytes));

    public void Release(long bytes) => Interlocked.Add(ref _charged, -bytes);

    private void RaisePeak(long charged)
    {
        var peak = Volatile.Read(ref _peak);
        while (charged > peak && Interlocked.CompareExchange(ref _peak, charged, peak) is var seen && seen != peak)
        {
            peak = seen;
        }
    }
}
