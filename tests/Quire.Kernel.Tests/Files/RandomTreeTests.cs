using Quire.Primitives;
using Xunit;

namespace Quire.Kernel.Tests.Files;

/// <summary>Random operations on a layered tree and on a model of it: errors and the resulting trees must agree, and the host must not change.</summary>
public sealed class RandomTreeTests
{
    private static readonly string[] Names = ["a", "b", "c", "d"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void TreeAndModelAgree(int seed)
    {
        using var world = new FileWorld();
        var model = new TreeModel();
        var random = new Random(seed);
        FillHost(world, model, random);
        var before = HostState.Of(world.Root);
        for (var step = 0; step < 1500; step++)
        {
            var (expected, actual, what) = Operate(world.Guest, model, random);
            Assert.True(expected == actual, $"step {step}: {what}: expected {expected}, got {actual}");
            if (step % 250 == 0)
            {
                Compare(world.Guest, model.Root, "");
            }
        }

        Compare(world.Guest, model.Root, "");
        Assert.Equal(before, HostState.Of(world.Root));
    }

    [Fact]
    public void AKeptLayerGivesTheSameTreeAgain()
    {
        var root = Directory.CreateTempSubdirectory("quire-root-").FullName;
        var layer = Directory.CreateTempSubdirectory("quire-layer-").FullName;
        var model = new TreeModel();
        var random = new Random(77);
        try
        {
            for (var run = 0; run < 4; run++)
            {
                using var world = new FileWorld(root, layer);
                if (run == 0)
                {
                    FillHost(world, model, random);
                }

                Compare(world.Guest, model.Root, "");
                for (var step = 0; step < 300; step++)
                {
                    var (expected, actual, what) = Operate(world.Guest, model, random);
                    Assert.True(expected == actual, $"run {run}, step {step}: {what}: expected {expected}, got {actual}");
                }

                Compare(world.Guest, model.Root, "");
                world.Tree.Keep();
            }
        }
        finally
        {
            Directory.Delete(root, recursive: true);
            Directory.Delete(layer, recursive: true);
        }
    }

    private static (Errno Expected, Errno Actual, string What) Operate(Guest guest, TreeModel model, Random random)
    {
        var first = RandomPath(random);
        var second = RandomPath(random);
        var text = new string((char)random.Next('a', 'z'), random.Next(6000));
        return random.Next(8) switch
        {
            0 => (model.MakeDirectory(first), Error(guest, 83, first), $"mkdir {first}"),
            1 => (model.Unlink(first), Error(guest, 87, first), $"unlink {first}"),
            2 => (model.RemoveDirectory(first), Error(guest, 84, first), $"rmdir {first}"),
            3 => (model.Link(first, second), Guest.ErrorOf(guest.Call(86, guest.Text(first), guest.Text(second))), $"link {first} {second}"),
            4 or 5 => (model.Rename(first, second), Guest.ErrorOf(guest.Call(82, guest.Text(first), guest.Text(second))), $"rename {first} {second}"),
            _ => (model.Write(first, text), Write(guest, first, text), $"write {first}"),
        };
    }

    private static Errno Error(Guest guest, int number, string path) => Guest.ErrorOf(guest.Call(number, guest.Text(path), 0x1ED));

    private static Errno Write(Guest guest, string path, string text)
    {
        var descriptor = guest.Open(path, Guest.WriteOnly | Guest.Create | Guest.Truncate);
        if (descriptor < 0)
        {
            return Guest.ErrorOf(descriptor);
        }

        Assert.Equal(text.Length, guest.Write(descriptor, text));
        guest.Close(descriptor);
        return Errno.None;
    }

    private static string RandomPath(Random random)
    {
        var path = "/w";
        for (var depth = random.Next(1, 4); depth > 0; depth--)
        {
            path += "/" + Names[random.Next(Names.Length)];
        }

        return path;
    }

    private static void FillHost(FileWorld world, TreeModel model, Random random)
    {
        Directory.CreateDirectory(world.Root + "/w");
        model.MakeDirectory("/w");
        for (var i = 0; i < 40; i++)
        {
            var path = RandomPath(random);
            if (random.Next(2) == 0)
            {
                if (model.MakeDirectory(path) == Errno.None)
                {
                    Directory.CreateDirectory(world.Root + path);
                }
            }
            else if (model.Write(path, "host " + path) == Errno.None)
            {
                File.WriteAllText(world.Root + path, "host " + path);
            }
        }
    }

    private static void Compare(Guest guest, TreeModel.Node node, string path)
    {
        if (path.Length > 0 && !node.IsDirectory)
        {
            Assert.Equal(node.Content, guest.ReadFile(path));
            Assert.Equal((ulong)node.Links, guest.Stat(path).Links);
            return;
        }

        if (path.Length > 0)
        {
            var names = guest.List(path).Where(name => name is not ("." or "..")).Order(StringComparer.Ordinal);
            Assert.Equal(node.Children!.Keys, names);
        }

        foreach (var (name, child) in node.Children!)
        {
            Compare(guest, child, path + "/" + name);
        }
    }
}
