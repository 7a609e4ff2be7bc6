namespace Quire.Collection;

/// <summary>
/// A program that allocates: written once, compiled for each plan with its fast paths inside. The checksum depends on what it computes
/// alone, so that no plan may change it.
/// </summary>
public interface IMutatorProgram
{
    /// <summary>Runs from the definition of its types to its checksum. A program runs once on a heap.</summary>
    long Run<TPaths>(Mutator<TPaths> heap)
        where TPaths : struct, IPaths;
}

/// <summary>A program as the registry lists it.</summary>
/// <param name="Name">As typed on the command line.</param>
/// <param name="Summary">One line for help and documentation.</param>
/// <param name="Parameters">What may follow its name.</param>
/// <param name="Build">Makes it with its parameters; throws <see cref="CollectionFormatException"/> when one is out of range.</param>
public sealed record ProgramDescriptor(string Name, string Summary, IReadOnlyList<Parameter> Parameters, Func<ParameterValues, IMutatorProgram> Build);

/// <summary>A program with its parameters, as a user names it.</summary>
public sealed record ProgramSpecification(ProgramDescriptor Descriptor, ParameterValues Parameters)
{
    public string Name => Parameters.Text.Length == 0 ? Descriptor.Name : $"{Descriptor.Name}:{Parameters.Text}";

    public IMutatorProgram Build() => Descriptor.Build(Parameters);
}
