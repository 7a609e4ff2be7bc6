using System.Buffers.Binary;
using Iced.Intel;
using Quire.Hardware.Cpu;

namespace Quire.Hardware.Tests.Cpu;

/// <summary>
/// The instructions in the host's own programs and libraries: bash and the C library, and all of /usr/bin and the libraries when QUIRE_TEST_ALL is 1.
/// Code is decoded from one end of its section to the other, so that data between functions is read as instructions, too.
/// </summary>
public sealed class DebianInstructionsTests
{
    private const string Libraries = "/usr/lib/x86_64-linux-gnu";

    [Fact]
    public void EveryInstructionOfDebiansBinariesIsThere()
    {
        var forms = new Dictionary<Form, Found>();
        foreach (var path in Files())
        {
            Collect(path, forms);
        }

        var announced = CpuIdentificationTests.AnnouncedFeatures();
        var undefined = forms.Where(pair => Array.TrueForAll(pair.Key.Code.CpuidFeatures(), announced.Contains) && !CpuIdentificationTests.MayBeUndefined(pair.Key.Code) && IsUndefined(pair.Value));

        Assert.InRange(forms.Count, 500, int.MaxValue);
        Assert.Equal("", string.Join('\n', undefined.Select(pair => $"{pair.Key.Code} {Convert.ToHexString(pair.Value.Bytes)} in {pair.Value.Path}")));
    }

    /// <summary>Binaries of the host.</summary>
    internal static IEnumerable<string> Files() =>
        Environment.GetEnvironmentVariable("QUIRE_TEST_ALL") == "1"
            ? [.. Directory.EnumerateFiles("/usr/bin"), .. Directory.EnumerateFiles("/usr/sbin"), .. Directory.EnumerateFiles(Libraries, "*.so*")]
            : ["/usr/bin/bash", $"{Libraries}/libc.so.6", $"{Libraries}/libm.so.6"];

    private static void Collect(string path, Dictionary<Form, Found> forms)
    {
        if (!File.Exists(path) || new FileInfo(path).LinkTarget is not null)
        {
            return;
        }

        var image = File.ReadAllBytes(path);
        foreach (var (offset, size) in CodeSections(image))
        {
            var decoder = Decoder.Create(64, new ByteArrayCodeReader(image, offset, size));
            while (decoder.IP < (ulong)size)
            {
                decoder.Decode(out var instruction);
                if (instruction.IsInvalid)
                {
                    continue;
                }

                var form = new Form(instruction.Code, Kinds(in instruction));
                if (!forms.ContainsKey(form))
                {
                    var at = offset + (int)instruction.IP;
                    forms.Add(form, new Found(path, image[at..(at + instruction.Length)]));
                }
            }
        }
    }

    private static ulong Kinds(in Instruction instruction)
    {
        var kinds = (instruction.HasRepPrefix ? 1UL : 0) | (instruction.HasRepnePrefix ? 2UL : 0) | (instruction.HasLockPrefix ? 4UL : 0);
        for (var operand = 0; operand < instruction.OpCount; operand++)
        {
            kinds = (kinds << 5) | (ulong)instruction.GetOpKind(operand);
        }

        return kinds;
    }

    /// <summary>Executable sections of a 64-bit x86 ELF file.</summary>
    internal static IEnumerable<(int Offset, int Size)> CodeSections(byte[] image)
    {
        const int Executable = 4;
        if (image.Length < 64 || BinaryPrimitives.ReadUInt64BigEndian(image) >> 16 != 0x7F45_4C46_0201 || BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(18)) != 62)
        {
            yield break;
        }

        var table = (int)BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan(40));
        var entrySize = BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(58));
        var count = BinaryPrimitives.ReadUInt16LittleEndian(image.AsSpan(60));
        for (var i = 0; i < count; i++)
        {
            var header = image.AsSpan(table + (i * entrySize), entrySize);
            var type = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
            if (type == 1 && (BinaryPrimitives.ReadUInt64LittleEndian(header[8..]) & Executable) != 0)
            {
                yield return ((int)BinaryPrimitives.ReadUInt64LittleEndian(header[24..]), (int)BinaryPrimitives.ReadUInt64LittleEndian(header[32..]));
            }
        }
    }

    private static bool IsUndefined(Found found)
    {
        using var box = new GuestBox();
        box.Put(GuestBox.Code, found.Bytes);
        return box.Run(1).Reason == CpuExitReason.InvalidOpcode;
    }

    private readonly record struct Form(Code Code, ulong Kinds);

    private sealed record Found(string Path, byte[] Bytes);
}
