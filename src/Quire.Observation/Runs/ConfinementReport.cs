namespace Quire.Observation.Runs;

/// <summary>What Quire had given up of its rights on the host when the run began; false where the host does not offer it.</summary>
/// <param name="SystemCalls">Only listed system calls work (seccomp), and no program gives new privileges.</param>
/// <param name="Files">Only the root can be read, and only named directories can be written (Landlock).</param>
public sealed record ConfinementReport(bool SystemCalls, bool Files);
