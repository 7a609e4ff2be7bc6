namespace Quire.Hardware.Translation;

/// <summary>Sweeps over a CPU's fast lookup that need no knowledge of the TLB model.</summary>
internal static unsafe class FastLookup
{
    public static void Clear(FastEntry* slots)
    {
        for (var index = 0; index < FastEntry.Count; index++)
        {
            slots[index].ReadTag = FastEntry.InvalidTag;
            slots[index].WriteTag = FastEntry.InvalidTag;
        }
    }

    /// <summary>Forgets a page that has no owner in a model.</summary>
    public static void ClearPage(FastEntry* slots, ulong page)
    {
        var slot = slots + FastEntry.IndexOf(page);
        if (slot->ReadTag == page)
        {
            slot->ReadTag = FastEntry.InvalidTag;
            slot->WriteTag = FastEntry.InvalidTag;
        }
    }

    /// <summary>Sends the next write to each page that the host page at <paramref name="frame"/> backs through the slow path.</summary>
    public static void RevokeWrite(FastEntry* slots, byte* frame)
    {
        for (var index = 0; index < FastEntry.Count; index++)
        {
            var slot = slots + index;
            if (slot->WriteTag != FastEntry.InvalidTag && (byte*)((long)slot->WriteTag + slot->Delta) == frame)
            {
                slot->WriteTag = FastEntry.InvalidTag;
            }
        }
    }
}
