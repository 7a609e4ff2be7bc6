using Quire.Compilation;
using Quire.Replacement;
using Xunit;

namespace Quire.Replacement.Tests.Own;

/// <summary>C# files that would end this process, hang it or reach around it as policies: refused with their place, or stopped with the name of the call.</summary>
public sealed class HostilePolicyTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("quire-policy-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("System.Linq.Expressions.Expression.Constant(1)", "", "System.Linq.Expressions.Expression")]
    [InlineData("GetType().Assembly.GetTypes()", "", "System.Type")]
    [InlineData("\"\".GetType().GetHashCode()", "", "System.Type")]
    [InlineData("typeof(int).ToString()", "", "System.Type")]
    [InlineData("System.Environment.Exit(1)", "", "System.Environment: its runs would differ")]
    [InlineData("System.Environment.FailFast(null)", "", "System.Environment")]
    [InlineData("new System.Threading.Thread(() => throw new Exception()).Start()", "", "System.Threading")]
    [InlineData("System.Runtime.CompilerServices.Unsafe.As<long, object>(ref _number).ToString()", "private static long _number;", "System.Runtime.CompilerServices.Unsafe")]
    [InlineData("System.Runtime.CompilerServices.RuntimeHelpers.RunClassConstructor(default)", "", "System.Runtime.CompilerServices.RuntimeHelpers")]
    [InlineData("B b = default; b[5] = 1", "[System.Runtime.CompilerServices.InlineArray(1000000000)] public struct B { byte b; }", "inline arrays")]
    [InlineData("Span<byte> b = stackalloc byte[100_000_000]; b[0] = 1", "", "stackalloc")]
    [InlineData("F4 f = default; f.A.A.A.A.A.ToString()", "struct F0 { public long A, B, C, D, E, F, G, H; } struct F1 { public F0 A, B, C, D, E, F, G, H; } struct F2 { public F1 A, B, C, D, E, F, G, H; } struct F3 { public F2 A, B, C, D, E, F, G, H; } struct F4 { public F3 A, B, C, D, E, F, G, H; }", "structs above 1024 bytes")]
    [InlineData("D<D<D<D<D<D<D<D<D<D<long>>>>>>>>>> d = default; d.ToString()", "struct D<T> { public T A, B; }", "structs above 1024 bytes")]
    [InlineData("Grow(1)", "struct D<T> { public T A, B; } static void Grow<T>(T t) => Grow(new D<T>());", "a generic of its own with a type that is made of type parameters")]
    [InlineData("Fail()", "static async void Fail() { throw new Exception(); }", "async")]
    [InlineData("new Last().ToString()", "class Last { ~Last() => throw new Exception(); }", "finalizers")]
    [InlineData("new R().GetHashCode()", "record R { public R? Self; }", "record classes")]
    [InlineData("new R().GetHashCode()", "record struct R(object Self);", "references in record structs")]
    [InlineData("(from a in Enumerable.Range(0, int.MaxValue) from b in Enumerable.Range(0, int.MaxValue) select a).Count()", "", "query expressions")]
    [InlineData("Enumerable.Range(0, 9).AsQueryable().Count()", "", "System.Linq.Queryable")]
    [InlineData("Enumerable.Range(0, 9).AsParallel().Count()", "", "System.Linq.ParallelEnumerable")]
    [InlineData("((System.Collections.IStructuralEquatable)new object[1]).GetHashCode()", "", "System.Collections.IStructuralEquatable")]
    [InlineData("exit(1)", "[System.Runtime.InteropServices.DllImport(\"libc\")] static extern void exit(int code);", "extern")]
    [InlineData("Action a = Touch0; a.Method.ToString()", "static void Touch0() { }", "System.Delegate")]
    [InlineData("HashCode.Combine(1)", "", "System.HashCode: its runs would differ")]
    public void WhatEndsAProcessPastAnyHandlerIsRefused(string statement, string members, string message)
    {
        var refused = Assert.Throws<PolicyFormatException>(() => Parse(statement, members));
        Assert.Contains("hostile.cs:", refused.Message);
        Assert.Contains("a policy may not use", refused.Message);
        Assert.Contains(message, refused.Message);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Theory]
    [InlineData("throw new E()", "class E : Exception { public override string Message => throw new Exception(); public override string ToString() => throw new Exception(); }", "E")]
    [InlineData("throw new Exception(\"outer\", new E())", "class E : Exception { public override string Message => throw new Exception(); }", "Exception")]
    [InlineData("Broken.Value.ToString()", "class Broken { public static readonly object Value = Make(); static object Make() => throw new InvalidOperationException(\"never made\"); }", "InvalidOperationException: never made")]
    [InlineData("_ = new N() + new N()", "class N { public static N operator +(N a, N b) => a + b; }", "it calls itself without end")]
    [InlineData("int n = new N()", "class N { public static implicit operator int(N a) { int b = a; return b; } }", "it calls itself without end")]
    [InlineData("_ = new N()[1]", "class N { public int this[int i] => this[i + 1]; }", "it calls itself without end")]
    [InlineData("_ = new N().Next", "class N { public int Next { get => Next; } }", "it calls itself without end")]
    [InlineData("_ = new N()", "class N { readonly N _next = new N(); }", "it calls itself without end")]
    [InlineData("_ = new N(1)", "class N { public N(int i) => new N(i + 1).ToString(); }", "it calls itself without end")]
    [InlineData("Func<int, int> f = null!; f = n => f(n + 1); f(1)", "", "it calls itself without end")]
    [InlineData("Action f = null!; f = () => f(); f()", "", "it calls itself without end")]
    [InlineData("new N().ToString()", "class N { public override string ToString() => $\"{this}\"; }", "it calls itself without end")]
    [InlineData("Enumerable.Range(0, int.MaxValue).SelectMany(n => Enumerable.Range(0, int.MaxValue)).Count(n => n < 0)", "", "it does not answer")]
    [InlineData("while (true) { try { while (true) { } } catch { } }", "", "it does not answer")]
    [InlineData("switch (1) { case 1: goto case 2; case 2: goto case 1; }", "", "it does not answer")]
    [InlineData("_ = new long[int.MaxValue][]; _ = new string('x', int.MaxValue)", "", "it wants more memory than there is")]
    public void WhatItThrowsIsSaidWithoutRunningMoreOfIt(string statement, string members, string what)
    {
        var policy = Parse(statement, members);
        var failure = Assert.Throws<PolicyFailureException>(() => Admit(policy));
        Assert.Equal($"policy hostile failed in Admit: {what}", failure.Message);
    }

    [Theory]
    [InlineData("var least = _queue.OrderBy(n => n).Select(n => (n, n + 1)).FirstOrDefault(); Math.Max(least.n, 1).ToString()", "")]
    [InlineData("_table[frame] = new Place { Of = frame }; foreach (var (key, value) in _table) { _ = value.Of + key; }", "struct Place { public int Of; } private static readonly Dictionary<int, Place> _table = new();")]
    [InlineData("Span<int> span = new int[4]; span.Fill(BitOperations.Log2(8)); span.Sort()", "")]
    [InlineData("var seen = new HashSet<Key> { new(1, 2) }; _ = seen.Contains(new Key(1, 2)) ? 1 : throw new ArgumentException($\"no {frame}\")", "record struct Key(int A, long B);")]
    [InlineData("_ = Pick(new[] { 3, 1, 2 }, n => n % 2 == 0)", "static T Pick<T>(T[] all, Predicate<T> wanted) { foreach (var one in all) { if (wanted(one)) { return one; } } return all[0]; }")]
    public void WhatPoliciesAreMadeOfIsAllowed(string statement, string members) => Admit(Parse(statement, members));

    [Fact]
    public void ADescriptionThatFailsIsSaid()
    {
        var path = Write("", "", "Description => throw new InvalidOperationException(\"none\");", "");
        Assert.Contains("its Description or Source failed: InvalidOperationException: none", Assert.Throws<PolicyFormatException>(() => PolicyLibrary.Parse(path)).Message);
    }

    private PolicySpecification Parse(string statement, string members) => PolicyLibrary.Parse(Write(statement, members, "Description { get; } = new(\"hostile\", \"x\", \"-\", \"y\");", "using System.Numerics;\n"));

    private static void Admit(PolicySpecification policy) => policy.Build(4, new FrameBits(4)).Admit(0, new Arrival());

    private string Write(string statement, string members, string description, string usings)
    {
        var path = Path.Combine(_directory, "hostile.cs");
        File.WriteAllText(path, $$"""
            {{usings}}
            public struct Hostile : IReplacementPolicy, IPolicyDefinition<Hostile>
            {
                private readonly LinkedList<int> _queue;
                private Hostile(in PolicySetup setup) => _queue = new LinkedList<int>();
                public static PolicyDescription {{description}}
                public static InformationSource Source => InformationSource.ReferenceBits;
                public static Hostile Create(in PolicySetup setup) => new(setup);
                public void Admit(int frame, in Arrival arrival) { _queue.AddLast(frame); {{statement}}; }
                public void Touch(int frame, int count, long time) { }
                public void Remove(int frame) => _queue.Remove(frame);
                public int Evict(in Arrival incoming, out int shadow) { shadow = Arrival.NoShadow; var frame = _queue.First!.Value; _queue.RemoveFirst(); return frame; }
                {{members}}
            }
            """);
        return path;
    }
}
