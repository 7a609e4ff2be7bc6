using System.Globalization;
using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

/// <summary>/proc/sys/vm takes what Documentation/admin-guide/sysctl/vm.rst says and refuses the rest.</summary>
public sealed class SystemSettingTests : IDisposable
{
    private const string Top = "/proc/sys/vm/";

    private static readonly string[] Garbage =
        ["\n", " ", "x", "12x", "--1", "+1", "1e3", "0x", "\0", "\u00ff\u0001", "99999999999999999999999999", "-99999999999999999999999999", new string('9', 4000)];

    private readonly FileWorld _world = new();

    private Guest Guest => _world.Guest;

    public static TheoryData<string, long, long> Numbers => new()
    {
        { "admin_reserve_kbytes", 0, long.MaxValue },
        { "dirty_background_ratio", 0, 100 },
        { "dirty_ratio", 0, 100 },
        { "extfrag_threshold", 0, 1000 },
        { "max_map_count", 0, int.MaxValue },
        { "min_free_kbytes", 0, 32_768 },
        { "overcommit_kbytes", 0, long.MaxValue },
        { "overcommit_memory", 0, 2 },
        { "overcommit_ratio", 0, int.MaxValue },
        { "page-cluster", 0, 8 },
        { "swappiness", 0, 200 },
        { "user_reserve_kbytes", 0, long.MaxValue },
        { "vfs_cache_pressure", 0, int.MaxValue },
        { "watermark_scale_factor", 1, 3000 },
    };

    [Theory]
    [MemberData(nameof(Numbers))]
    public void ASettingTakesWhatIsInItsRangeAndNothingElse(string name, long least, long most)
    {
        foreach (var number in (long[])[least, least + ((most - least) / 2), most])
        {
            Assert.Equal(Errno.None, Write(name, number.ToString(CultureInfo.InvariantCulture) + "\n"));
            Assert.Equal($"{number}\n", Guest.ReadFile(Top + name));
        }

        Assert.Equal(Errno.None, Write(name, $" \t{least} 5 and more"));
        Assert.Equal(Errno.None, Write(name, $"0x{least:x}"));
        string[] outside = [(least - 1).ToString(CultureInfo.InvariantCulture), .. most == long.MaxValue ? (string[])[] : [(most + 1).ToString(CultureInfo.InvariantCulture)]];
        foreach (var text in outside.Concat(Garbage))
        {
            Assert.True(Write(name, text) == Errno.EINVAL, $"{name} takes '{text}'");
            Assert.Equal($"{least}\n", Guest.ReadFile(Top + name));
        }
    }

    [Fact]
    public void NoSettingTakesGarbage()
    {
        foreach (var name in Guest.List(Top.TrimEnd('/')).Where(name => name is not ("." or "..")))
        {
            var before = Content(name);
            foreach (var text in Garbage)
            {
                Assert.Contains(Write(name, text), (Errno[])[Errno.EINVAL, Errno.EACCES]);
            }

            Assert.Equal(before, Content(name));
        }
    }

    [Fact]
    public void OnlyThePrivilegedMayWrite()
    {
        var other = _world.NewProcess(Quire.Kernel.Processes.Credentials.Of(1000, 1000, []));
        Assert.Equal(Errno.EACCES, Guest.ErrorOf(other.Open(Top + "swappiness", Guest.WriteOnly)));
        Assert.Equal("60\n", other.ReadFile(Top + "swappiness"));
    }

    public void Dispose() => _world.Dispose();

    private string Content(string name) => Guest.Open(Top + name) is var descriptor and >= 0 ? Guest.Read(descriptor) : "";

    private Errno Write(string name, string text)
    {
        var descriptor = Guest.Open(Top + name, Guest.WriteOnly);
        if (descriptor < 0)
        {
            return Guest.ErrorOf(descriptor);
        }

        var result = Guest.Write(descriptor, text);
        Guest.Close(descriptor);
        return Guest.ErrorOf(result);
    }
}
