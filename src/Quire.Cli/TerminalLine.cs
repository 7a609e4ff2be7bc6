namespace Quire.Cli;

/// <summary>A line at a terminal's standard error that is drawn over and leaves nothing behind. Files and pipes see none of it.</summary>
internal sealed class TerminalLine
{
    private const int Width = 78;

    private bool _isShown;

    /// <summary>Whether anybody would see it.</summary>
    public static bool IsSeen => !Console.IsErrorRedirected;

    public void Show(string text)
    {
        if (IsSeen)
        {
            Console.Error.Write("\r" + (text.Length <= Width ? text.PadRight(Width) : text[..Width]));
            _isShown = true;
        }
    }

    public void Erase()
    {
        if (_isShown)
        {
            Console.Error.Write("\r" + new string(' ', Width) + "\r");
            _isShown = false;
        }
    }
}
