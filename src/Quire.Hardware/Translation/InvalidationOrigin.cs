namespace Quire.Hardware.Translation;

/// <summary>Who asks for an invalidation: code on this CPU, or another CPU through an interrupt (a TLB shootdown).</summary>
public enum InvalidationOrigin
{
    Local,
    Remote,
}
