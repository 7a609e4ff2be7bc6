namespace Quire.Allocation;

/// <summary>How a <see cref="TaggedHeap{TBins}"/> finds a free chunk. Its state is in memory of StateBytes that the heap gives it, zeroed.</summary>
internal unsafe interface IChunkBins
{
    static abstract nint StateBytes { get; }

    void Open(void* state);

    void Insert(Chunk* chunk, nint size);

    void Remove(Chunk* chunk, nint size);

    /// <summary>A chunk of at least this size, left in its bin; null when there is none. Adds the chunks it looked at.</summary>
    Chunk* Find(nint size, ref long examined);
}
