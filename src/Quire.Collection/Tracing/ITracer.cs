namespace Quire.Collection;

/// <summary>What finds reachable objects in a collection: it visits slots and knows, once it has drained, who is reachable and where it is now.</summary>
internal interface ITracer : ISlotVisitor
{
    /// <summary>Where an object is now; 0 when it has not been reached.</summary>
    nint Resolve(nint target);

    /// <summary>Scans until nothing grey is left.</summary>
    void Drain();
}
