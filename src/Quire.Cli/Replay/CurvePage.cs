using System.Net;
using System.Text.Json;
using Quire.Traces;

namespace Quire.Cli.Replay;

/// <summary>A page that needs nothing else: curves as SVG, switched on and off by their names, values under the pointer.</summary>
internal static class CurvePage
{
    public static void Write(TextWriter output, string title, IReadOnlyList<MissRatioCurve> curves, string summary)
    {
        var data = JsonSerializer.Serialize(curves.Select(curve => (Curve: curve, Thin: curve.Thinned(600))).Select(pair => new
        {
            name = pair.Curve.Name,
            errors = pair.Thin.Errors.Select(error => Math.Round(error, 6)),
            remark = pair.Curve.Remark,
            points = pair.Thin.Points.Select(point => new[] { point.Frames, Math.Round(point.MissRatio, 8) }),
        }));
        output.WriteLine(Template
            .Replace("@TITLE@", WebUtility.HtmlEncode(title), StringComparison.Ordinal)
            .Replace("@SUMMARY@", WebUtility.HtmlEncode(summary), StringComparison.Ordinal)
            .Replace("@CURVES@", data.Replace("</", "<\\/", StringComparison.Ordinal), StringComparison.Ordinal));
    }

    private const string Template = """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>@TITLE@</title>
        <style>
        body{font:15px system-ui,sans-serif;margin:24px;color:#1b1f24;background:#fff;max-width:1000px}
        svg{width:100%;height:auto;border:1px solid #d0d7de}
        #names label{margin-right:16px;cursor:pointer;white-space:nowrap}
        #tip{font:13px ui-monospace,monospace;white-space:pre;min-height:9em}
        text{font:12px system-ui,sans-serif;fill:#57606a}
        @media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}text{fill:#8b949e}}
        </style></head><body>
        <h1>@TITLE@</h1><p>@SUMMARY@</p>
        <div id="names"></div>
        <p><label><input type="checkbox" id="log" checked> logarithmic sizes</label></p>
        <svg id="plot" viewBox="0 0 960 480" role="img" aria-label="miss ratio over frames"></svg>
        <div id="tip">Move over the plot to compare the curves.</div>
        <script>
        const curves=@CURVES@,colors=["#0969da","#cf222e","#1a7f37","#9a6700","#8250df","#bf3989","#116329","#6e7781"];
        const svg=document.getElementById("plot"),tip=document.getElementById("tip"),names=document.getElementById("names"),log=document.getElementById("log");
        const L=60,R=940,T=16,B=440,shown=curves.map(()=>true);
        const largest=Math.max(2,...curves.map(c=>c.points[c.points.length-1][0]));
        const place=(c,f)=>{let i=0;while(i+1<c.points.length&&c.points[i+1][0]<=f)i++;return i},at=(c,f)=>c.points[place(c,f)][1];
        const highest=Math.max(1e-9,...curves.map(c=>at(c,1)));
        const x=f=>log.checked?L+(R-L)*Math.log(Math.max(1,f))/Math.log(largest):L+(R-L)*f/largest;
        const y=r=>B-(B-T)*r/highest;
        const frames=px=>{const u=Math.min(1,Math.max(0,(px-L)/(R-L)));return Math.round(log.checked?Math.pow(largest,u):u*largest)};
        function el(n,a,t){const e=document.createElementNS("http://www.w3.org/2000/svg",n);for(const k in a)e.setAttribute(k,a[k]);if(t)e.textContent=t;svg.append(e);return e}
        function draw(){svg.replaceChildren();
          for(let i=0;i<=5;i++){const r=highest*i/5;el("line",{x1:L,x2:R,y1:y(r),y2:y(r),stroke:"#d0d7de"});el("text",{x:6,y:y(r)+4},r.toFixed(4))}
          for(let i=0;i<=6;i++){const f=frames(L+(R-L)*i/6);el("text",{x:x(f)-10,y:B+18},f)}
          el("text",{x:(L+R)/2-20,y:472},"frames");
          curves.forEach((c,i)=>{if(!shown[i])return;let d="";for(const p of c.points){if(p[0]<1)continue;d+=(d?"H"+x(p[0])+"V":"M"+x(p[0])+" ")+y(p[1])}
            el("path",{d,fill:"none",stroke:colors[i%colors.length],"stroke-width":2})});
          el("line",{id:"cursor",y1:T,y2:B,x1:-9,x2:-9,stroke:"#6e7781","stroke-dasharray":"4"})}
        curves.forEach((c,i)=>{const l=document.createElement("label"),b=document.createElement("input"),s=document.createElement("span");b.type="checkbox";b.checked=true;
          b.onchange=()=>{shown[i]=b.checked;draw()};s.textContent=" "+c.name;s.style.color=colors[i%colors.length];l.append(b,s);if(c.remark)l.title=c.remark;names.append(l)});
        log.onchange=draw;
        svg.onmousemove=e=>{const b=svg.getBoundingClientRect(),px=(e.clientX-b.left)*960/b.width,f=frames(px),k=document.getElementById("cursor");
          k.setAttribute("x1",x(f));k.setAttribute("x2",x(f));
          tip.textContent=f+" frames\n"+curves.map((c,i)=>shown[i]?at(c,f).toFixed(6)+(c.errors.length?" +-"+c.errors[place(c,f)].toFixed(4):"")+"  "+c.name:null).filter(Boolean).join("\n")};
        draw();
        </script></body></html>
        """;
}
