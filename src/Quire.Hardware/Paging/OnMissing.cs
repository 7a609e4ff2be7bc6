namespace Quire.Hardware.Paging;

/// <summary>What a descent through page tables does where a table is absent.</summary>
public enum OnMissing
{
    Fail,
    Allocate,
}
