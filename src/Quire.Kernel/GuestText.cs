using System.Text;

namespace Quire.Kernel;

/// <summary>
/// Paths, names and arguments of guests as C# strings: each character is one byte (Latin-1), so that every byte string survives, whatever its
/// encoding. Text of the host comes in through <see cref="FromHost"/>.
/// </summary>
public static class GuestText
{
    public static string Decode(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    public static byte[] Encode(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>Text of this program (an option, an environment variable) as the UTF-8 bytes that a guest would see.</summary>
    public static string FromHost(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    /// <summary>A guest's text to print: bytes that are no UTF-8 become U+FFFD.</summary>
    public static string ToHost(string text) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(text));
}
