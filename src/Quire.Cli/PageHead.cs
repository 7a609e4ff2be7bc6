using System.Net;

namespace Quire.Cli;

/// <summary>How the pages of results that need no other file begin.</summary>
internal static class PageHead
{
    /// <param name="title">Plain text; the page's heading, too.</param>
    public static string Of(string title) => $$$"""
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>{{{WebUtility.HtmlEncode(title)}}}</title>
        <style>
        body{font:15px system-ui,sans-serif;margin:24px;max-width:1000px;color:#1b1f24;background:#fff}
        svg{width:100%;height:auto;border:1px solid #d0d7de}
        text{font:12px system-ui,sans-serif;fill:#57606a}
        td,th{padding:2px 12px;text-align:right;font-variant-numeric:tabular-nums}
        @media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}text{fill:#8b949e} }
        </style></head><body>
        <h1>{{{WebUtility.HtmlEncode(title)}}}</h1>
        """;
}
