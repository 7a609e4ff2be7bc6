using System.Globalization;

namespace Quire.Machine;

public enum InjectedFaultKind
{
    /// <summary>A read of a swap area fails.</summary>
    SwapRead,

    /// <summary>A write to a swap area fails.</summary>
    SwapWrite,

    /// <summary>A write to a swap area leaves half of the old contents, and says that all is well.</summary>
    TornWrite,

    /// <summary>From here on no write to a swap area succeeds.</summary>
    DiskFull,
}

/// <summary>An error of the device that is brought about on purpose.</summary>
/// <param name="Operation">Which operation of its kind fails, from 1; 0: each with the probability.</param>
/// <param name="Probability">0 to 1.</param>
public sealed record InjectedFault(InjectedFaultKind Kind, long Operation, double Probability)
{
    public const string Syntax = "swap-read:N, swap-write:N, torn-write:N or disk-full:N: the Nth such operation goes wrong; 0.01 in place of N: one in a hundred does";

    /// <summary>Null: the text is none.</summary>
    public static InjectedFault? Parse(string text)
    {
        var parts = text.Split(':');
        InjectedFaultKind? kind = parts[0] switch
        {
            "swap-read" => InjectedFaultKind.SwapRead,
            "swap-write" => InjectedFaultKind.SwapWrite,
            "torn-write" => InjectedFaultKind.TornWrite,
            "disk-full" => InjectedFaultKind.DiskFull,
            _ => null,
        };
        if (kind is null || parts.Length != 2)
        {
            return null;
        }

        if (long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var operation) && operation > 0)
        {
            return new InjectedFault(kind.Value, operation, 0);
        }

        return double.TryParse(parts[1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var probability) && probability is > 0 and < 1
            ? new InjectedFault(kind.Value, 0, probability)
            : null;
    }
}
