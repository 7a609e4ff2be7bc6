namespace Quire.Collection;

/// <summary>
/// The address of an object's header, or null. Raw: a collection may move the object, so a reference held outside of the heap's fields, frames and globals
/// is good only until the next allocation or safepoint of the mutator that holds it.
/// </summary>
public readonly record struct Reference(nint Address)
{
    public static Reference Null => default;

    public bool IsNull => Address == 0;

    public override string ToString() => IsNull ? "null" : $"0x{Address:x}";
}
