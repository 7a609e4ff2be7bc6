using System.Text;

namespace Quire.Kernel;

/// <summary>Paths and names between guest bytes and C# strings: UTF-8.</summary>
internal static class GuestText
{
    public static string Decode(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);

    public static byte[] Encode(string text) => Encoding.UTF8.GetBytes(text);
}
