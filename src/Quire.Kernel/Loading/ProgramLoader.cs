using Quire.Kernel.Files;
using Quire.Kernel.Memory;
using Quire.Kernel.Processes;
using Quire.Primitives;

namespace Quire.Kernel.Loading;

/// <summary>
/// Makes a new address space with a program in it (Linux: load_elf_binary). Everything is prepared before the caller gives anything up.
/// Differs from Linux: what goes wrong after the old program would be gone is still an errno of execve instead of a fatal signal.
/// </summary>
internal sealed class ProgramLoader(GuestKernel kernel)
{
    private const int LongestInterpreterPath = 4096;
    private const ulong MinimumSignalStack = 2048;
    private const ulong ClockTicksPerSecond = 100;

    /// <param name="path">What AT_EXECFN says.</param>
    /// <param name="openInterpreter">Opens the dynamic linker by its path.</param>
    public Errno TryLoad(
        OpenFile file, byte[] path, ProgramArguments arguments, GuestProcess process, ProgramCredentials rights, Func<string, (Errno Error, OpenFile? File)> openInterpreter,
        out LoadedProgram program)
    {
        program = default;
        if (file.Pages is not { } pages)
        {
            return Errno.EACCES;
        }

        var error = ElfImage.TryRead(pages, out var image);
        if (error != Errno.None)
        {
            return error;
        }

        OpenFile? interpreter = null;
        ElfImage? interpreterImage = null;
        try
        {
            error = TryReadInterpreterPath(image, pages, out var interpreterPath);
            if (error == Errno.None && interpreterPath is not null)
            {
                error = TryOpenInterpreter(interpreterPath, openInterpreter, out interpreter, out interpreterImage);
            }

            return error != Errno.None ? error : TryBuild(file, image, interpreter, interpreterImage, path, arguments, process, rights, out program);
        }
        finally
        {
            interpreter?.Release();
        }
    }

    private static Errno TryReadInterpreterPath(ElfImage image, PageCache pages, out string? path)
    {
        path = null;
        foreach (var segment in image.Segments)
        {
            if (segment.Kind != ElfSegmentKind.Interpreter)
            {
                continue;
            }

            if (segment.FileSize is < 2 or > LongestInterpreterPath)
            {
                return Errno.ENOEXEC;
            }

            var bytes = new byte[segment.FileSize];
            if (segment.Offset > long.MaxValue || pages.ReadBytes(segment.Offset, bytes) < bytes.Length)
            {
                return Errno.EIO;
            }

            if (bytes[^1] != 0)
            {
                return Errno.ENOEXEC;
            }

            path = GuestText.Decode(bytes.AsSpan(0, Array.IndexOf(bytes, (byte)0)));
            return Errno.None;
        }

        return Errno.None;
    }

    private static Errno TryOpenInterpreter(
        string path, Func<string, (Errno Error, OpenFile? File)> open, out OpenFile? file, out ElfImage? image)
    {
        image = null;
        (var error, file) = open(path);
        if (error != Errno.None)
        {
            return error;
        }

        if (file!.Pages is not { } pages || ElfImage.TryRead(pages, out image) != Errno.None)
        {
            return Errno.ELIBBAD;
        }

        return image.Loadable.Any() ? Errno.None : Errno.ELIBBAD;
    }

    private Errno TryBuild(
        OpenFile file, ElfImage image, OpenFile? interpreter, ElfImage? interpreterImage, byte[] path, ProgramArguments arguments, GuestProcess process,
        ProgramCredentials rights, out LoadedProgram program)
    {
        program = default;
        var limits = process.Limits;
        var isRandom = kernel.Options.Randomization == LayoutRandomization.On
            && (Execute.PersonalityOf(process, rights) & Personality.NoRandomization) == 0;
        var randomization = isRandom ? LayoutRandomization.On : LayoutRandomization.Off;
        var layout = new AddressLayout(randomization, limits[Resource.Stack].Soft, kernel.Random.Next);
        var space = kernel.Memory.TryCreateAddressSpace(new AddressSpaceOptions(layout, limits.ForMemory(rights.Credentials), process.ProcessId));
        if (space is null)
        {
            return Errno.ENOMEM;
        }

        space.HugePageConsent = process.Space.HugePageConsent;
        var error = TryFill(space, file, image, interpreter, interpreterImage, path, arguments, rights, randomization, out program);
        if (error != Errno.None)
        {
            space.Release();
        }

        return error;
    }

    private Errno TryFill(
        AddressSpace space, OpenFile file, ElfImage image, OpenFile? interpreter, ElfImage? interpreterImage, byte[] path, ProgramArguments arguments,
        ProgramCredentials rights, LayoutRandomization randomization, out LoadedProgram program)
    {
        program = default;
        var layout = space.Layout;
        var executableStack = image.Segments.Any(segment => segment.Kind == ElfSegmentKind.GnuStack && (segment.Flags & ElfSegmentFlags.Execute) != 0);
        var vector = new List<(AuxiliaryType, ulong)>();
        var stackProtection = Protection.Read | Protection.Write | (executableStack ? Protection.Execute : Protection.None);
        var stackBytes = Page.RoundUp(InitialStack.Measure(arguments, path, auxiliaryCount: 24));
        if (space.MapStack(stackBytes, stackProtection) is < 0 and var stackFailure)
        {
            return (Errno)(-stackFailure);
        }

        // A dynamic linker run by itself, and static-PIE programs, go where mappings go; their heap takes the place of the program.
        var standsAlone = image.IsPositionIndependent && interpreter is null;
        var error = MapImage.TryMap(space, image, file, image.IsPositionIndependent && !standsAlone ? layout.ProgramBase : default, out var mapped);
        if (error != Errno.None)
        {
            return error;
        }

        var entry = image.Entry + mapped.Bias;
        var interpreterBias = 0UL;
        if (interpreterImage is not null)
        {
            error = MapImage.TryMap(space, interpreterImage, interpreter!, default, out var mappedInterpreter);
            if (error != Errno.None)
            {
                return error;
            }

            interpreterBias = mappedInterpreter.Bias;
        }

        space.Spans = new ProgramSpans { Code = mapped.Code, Data = mapped.Data };
        space.StartBreak(layout.BreakAfter(standsAlone ? layout.ProgramBase : mapped.End));
        DescribeProgram(vector, image, mapped.Bias, interpreterBias, entry, rights);
        var shift = randomization == LayoutRandomization.On ? kernel.Random.Next() % InitialStack.LargestShift : 0;
        if (!InitialStack.TryBuild(space, arguments, path, vector, kernel.Random, shift, out var stackPointer))
        {
            return Errno.ENOMEM;
        }

        var start = interpreterImage is null ? entry : interpreterImage.Entry + interpreterBias;
        program = new LoadedProgram(space, new VirtualAddress(start), stackPointer);
        return Errno.None;
    }

    // In Linux' order. There is no vDSO, so no AT_SYSINFO_EHDR.
    private void DescribeProgram(
        List<(AuxiliaryType Type, ulong Value)> vector, ElfImage image, ulong bias, ulong interpreterBias, ulong entry, ProgramCredentials rights)
    {
        var credentials = rights.Credentials;
        vector.Add((AuxiliaryType.MinimumSignalStack, MinimumSignalStack));
        vector.Add((AuxiliaryType.HardwareCapabilities, kernel.Options.HardwareCapabilities));
        vector.Add((AuxiliaryType.PageSize, Page.Size));
        vector.Add((AuxiliaryType.ClockTicks, ClockTicksPerSecond));
        vector.Add((AuxiliaryType.ProgramHeaders, image.ProgramHeaderAddress + bias));
        vector.Add((AuxiliaryType.ProgramHeaderSize, ElfImage.ProgramHeaderSize));
        vector.Add((AuxiliaryType.ProgramHeaderCount, (ulong)image.Segments.Count));
        vector.Add((AuxiliaryType.InterpreterBase, interpreterBias));
        vector.Add((AuxiliaryType.Flags, 0));
        vector.Add((AuxiliaryType.Entry, entry));
        vector.Add((AuxiliaryType.UserId, (ulong)credentials.RealUserId));
        vector.Add((AuxiliaryType.EffectiveUserId, (ulong)credentials.EffectiveUserId));
        vector.Add((AuxiliaryType.GroupId, (ulong)credentials.RealGroupId));
        vector.Add((AuxiliaryType.EffectiveGroupId, (ulong)credentials.EffectiveGroupId));
        vector.Add((AuxiliaryType.Secure, rights.IsSecure ? 1UL : 0));
        vector.Add((AuxiliaryType.Random, 0));
        vector.Add((AuxiliaryType.HardwareCapabilities2, 0));
        vector.Add((AuxiliaryType.ProgramName, 0));
        vector.Add((AuxiliaryType.Platform, 0));
    }
}
