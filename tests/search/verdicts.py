"""What is wrong with a run: by the host's run of the same program, by its own report, events and exit code, and by a second run of the same seed."""
import collections
import json
import re

PAGE = 4096
TRACE = re.compile(rb"^ +at [A-Z]\w*\.|Unhandled exception|this is a fault of Quire|Process terminated", re.M)
SUMMARY = b"--- quire     "

# Counts of the report, and which event each counts (docs/run-report.md); those that are pages add up the events' bytes.
EVENTS = {
    "faults.copyOnWriteReused": "take-over", "faults.pagesCopied": "copy", "pageCache.hits": "cache-hit", "pageCache.misses": "cache-miss", "pageCache.readaheadPages": "read-ahead",
    "pageCache.pagesRead": "file-read", "pageCache.pagesWritten": "write-back", "reclaim.scanned": "scan", "reclaim.evictions": "evict", "reclaim.stalls": "stall", "reclaim.admissions": "admit",
    "reclaim.unforeseen": "unforeseen", "reclaim.refaults": "refault", "loadControl.suspensions": "suspend", "merging.pagesMerged": "merge", "merging.pagesScanned": "merge-scan", "merging.fullScans": "merge-round",
    "hugePages.faults": "huge-page", "hugePages.fallbacks": "huge-fallback", "hugePages.promoted": "promote", "hugePages.promotionsFailed": "promote-fail", "hugePages.split": "split", "hugePages.pagesMoved": "move",
    "hugePages.compactions": "compact", "hugePages.compactionsFailed": "compact-fail", "swap.in": "swap-in", "swap.out": "swap-out", "swap.cleanOut": "swap-clean", "swap.cacheHits": "swap-cache-hit",
    "swap.readahead": "swap-read-ahead", "swap.readaheadHits": "swap-read-ahead-hit", "swap.noSlot": "swap-full", "swap.readErrors": "swap-read-error", "swap.writeErrors": "swap-write-error",
    "swap.compressed.out": "compressed-out", "swap.compressed.in": "compressed-in", "swap.compressed.sameFilled": "compressed-same", "swap.compressed.writtenBack": "compressed-write-back",
    "swap.compressed.rejectedBadly": "compressed-reject", "swap.compressed.rejectedFull": "compressed-full",
}
FAULTS = {"major": "major", "copyOnWrite": "copyOnWrite", "zeroFill": "zero", "zeroPage": "zeroPage", "zeroPageWrites": "zeroPageWrite", "madeWritable": "madeWritable", "file": "file", "stackGrowth": "stackGrowth", "swapIn": "swap"}
IN_PAGES = {"file-read", "scan", "merge-scan"}

# Runs tell millions: what they have in common is counted first.
EVENT = re.compile(r'\{"event":"([a-z-]+)","time":\d+,"process":\d+,"address":"0x[0-9a-f]+","bytes":(\d+)(?:,"frame":\d+)?(.*)\}\n')


class Run:
    """What came of one run of a command."""

    def __init__(self, code, output, errors, report, events, peak, seconds, processor, idle, was_told, ended_late):
        self.code = code
        self.output = output
        self.errors = errors
        self.report = report          # parsed JSON, or None
        self.events = events          # path, or None
        self.peak = peak              # bytes resident on the host at most
        self.seconds = seconds
        self.processor = processor
        self.idle = idle              # whether it did nothing for long
        self.was_told = was_told      # whether it was sent a SIGTERM
        self.ended_late = ended_late  # whether it outlived a SIGTERM


def excuses(report):
    """Limits of the machine that the report says were met, which may end a program or change what it prints."""
    if report is None:
        return {"no report"}
    found = set()
    if report["outOfMemory"] or any(group["kills"] for group in report["groups"]):
        found.add("killed for want of memory")
    if report["refused"]["promises"]:
        found.add("promises refused")
    if (report.get("swap") or {}).get("readErrors"):
        found.add("swap unreadable")
    found |= {f"{call['name']} refused" for call in report["refused"]["calls"] if call["name"].rsplit(" ", 1)[-1] in ("ENOSPC", "ENOMEM", "EAGAIN", "ENFILE")}
    if report["notKept"]:
        found.add("not kept")
    return found


def judge(case, run, host):
    """Lines that say what is wrong; none if nothing is."""
    wrong = []
    found = TRACE.search(run.errors)
    if found:
        wrong.append("a fault of Quire's own: " + run.errors[found.start():found.start() + 200].decode("latin1"))
    if run.idle:
        wrong.append("hangs idle")
    if run.ended_late:
        wrong.append("does not end when told")
    limit = (case.ram + 150) << 20
    if run.peak > limit:
        wrong.append(f"host memory: {run.peak >> 20} MiB, with {case.ram} MiB of RAM")
    wrong += judge_ending(case, run)
    if run.report is not None:
        wrong += judge_kills(case, run.report)
        if run.report["unsupported"]["systemCalls"] and case.program.on_host:
            wrong.append(f"unsupported: {run.report['unsupported']['systemCalls']}")
        if run.report["unsupported"]["instructions"] and case.program.on_host:
            wrong.append(f"unsupported: {run.report['unsupported']['instructions']}")
        if run.events:
            wrong += judge_events(run.report, run.events)
    if host is not None and run.report is not None:
        wrong += judge_output(case, run, host)
    return wrong


def judge_ending(case, run):
    """Exit code, JSON and summary say one thing."""
    wrong, report = [], run.report
    if run.code == 2 and b"quire: " in run.errors and SUMMARY not in run.errors:
        return ["refused: " + run.errors.decode("latin1")[-300:]]
    if run.code == 143 and run.was_told and report is None and not run.output and not run.errors:
        return []  # It was told to end before its machine began.
    if case.has("--json") and report is None:
        return [f"no report (exit code {run.code}): {run.errors[-300:].decode('latin1')}"]
    if report is not None and report["exitCode"] != run.code:
        wrong.append(f"exit code {run.code}, the report says {report['exitCode']}")
    if report is not None and not case.has("--quiet") and report["end"] != "notStarted":
        at = run.errors.rfind(SUMMARY)
        line = run.errors[at:].split(b"\n", 1)[0].decode("latin1")
        said = {"finished": f"killed by {report['signal']}" if report["signal"] else f"exit code {report['exitCode']}", "deadlock": "nothing can run any more", "instructionLimit": "the limit of instructions is reached",
                "timeLimit": "the limit of virtual time is reached", "interrupted": "interrupted"}[report["end"]]
        if at < 0 or said not in line:
            wrong.append(f"the summary says {line!r}, the report {said!r}")
    if report is None:
        return wrong
    end = report["end"]
    if end == "instructionLimit" and not case.has("--max-instructions") or end == "timeLimit" and not case.has("--max-time"):
        wrong.append(f"ended by {end} without such a limit")
    # A program that did not get what it asked for may wait for ever.
    if end == "deadlock" and not excuses(report) and not (case.value("--oom") == "pause" and "memory" in (report.get("detail") or "")):
        wrong.append(f"deadlock: {report.get('detail')}")
    limit = case.value("--max-instructions")
    if limit and report["instructions"] > 2 * amount(limit) + 64:
        wrong.append(f"{report['instructions']} instructions, {limit} were the limit")
    return wrong


def amount(text):
    return int(text[:-1]) * {"K": 10**3, "M": 10**6, "G": 10**9}[text[-1]] if text[-1] in "KMG" else int(text)


def judge_kills(case, report):
    """Somebody who is killed for want of memory has not been let down while there was some."""
    wrong = []
    memory, swap = report["memory"], report.get("swap")
    for kill in report["outOfMemory"]:
        if kill["cause"] == "noFrame":
            used = memory["peakResidentBytes"] + memory["pageTableBytes"] + memory["kernelBytes"] + report["hugePages"]["reservedBytes"]
            if used < memory["ramBytes"] * 0.6:
                wrong.append(f"killed for no frame: {used >> 10}K of {memory['ramBytes'] >> 10}K used at most")
            free = sum(area["sizeBytes"] for area in swap["areas"]) - swap["peakUsed"] * PAGE if swap else 0
            if swap and free > 4 << 20 and not swap["noSlot"] and not swap["writeErrors"] and not case.program.greedy and not case.has("--memory-swap-max"):
                wrong.append(f"killed for no frame: {free >> 10}K of swap were free")
        group = next((one for one in report["groups"] if one["path"] == kill.get("limit")), None)
        if kill["cause"] == "groupLimit" and group and group["maxBytes"] and group["peakBytes"] < group["maxBytes"] * 0.5:
            wrong.append(f"killed for {kill['limit']}: {group['peakBytes']} of {group['maxBytes']} used at most")
    for group in report["groups"]:
        # A charge of several pages at once may pass the limit by what one CPU keeps ahead.
        if group["maxBytes"] and group["peakBytes"] > group["maxBytes"] + (2 << 20):
            wrong.append(f"{group['path']}: {group['peakBytes']} of {group['maxBytes']}")
    if memory["peakResidentBytes"] > memory["ramBytes"]:
        wrong.append("more resident than there is RAM")
    return wrong


def judge_events(report, path):
    """Each count is that of its events."""
    alike, kinds, pages, causes, groups = (collections.Counter() for _ in range(5))
    with open(path, encoding="latin1") as file:
        for line in file:
            match = EVENT.fullmatch(line)
            if not match:
                return [f"an event that is none: {line[:200]!r}"]
            alike[match.groups()] += 1
    for (kind, size, rest), number in alike.items():
        one = json.loads("{" + rest[1:] + "}")
        kinds[kind] += number
        pages[kind] += int(size) // PAGE * number
        if kind == "fault" and one["outcome"] == "resolved":
            parts = set(one["cause"].split("+"))
            causes.update(dict.fromkeys(parts, number))
            causes["minor"] += number * ("major" not in parts)
            causes["none"] += number * (not parts & {"zero", "zeroPage", "file", "swap", "copyOnWrite", "madeWritable", "huge"})
        elif kind == "evict":
            causes["evictedFile" if one["page"] == "file" else "evictedAnonymous"] += number
            causes["background"] += number * (one["by"] == "background")
        elif kind == "group":
            groups[one["group"], one["line"]] += number
    counts = {name: (pages if kind in IN_PAGES else kinds)[kind] for name, kind in EVENTS.items()}
    counts.update({"faults." + name: causes[cause] for name, cause in FAULTS.items()})
    counts.update({"faults.minor": causes["minor"], "reclaim.evictedFile": causes["evictedFile"], "reclaim.evictedAnonymous": causes["evictedAnonymous"], "reclaim.background": causes["background"],
                   "reclaim.writes": kinds["swap-out"] + kinds["write-back"]})
    wrong = []
    for name, told in counts.items():
        counted = report
        for part in name.split("."):
            counted = (counted or {}).get(part)
        if (counted or 0) != told:
            wrong.append(f"{name} is {counted}, the events say {told}")
    if causes["none"]:
        wrong.append(f"{causes['none']} faults without a cause")
    if len(report["outOfMemory"]) != kinds["kill"]:
        wrong.append(f"{len(report['outOfMemory'])} kills, the events say {kinds['kill']}")
    for group in report["groups"]:
        for line, counted in [*group["events"].items(), ("kill", group["kills"])]:
            told = sum(count for (path, one), count in groups.items() if one == line and (path == group["path"] or path.startswith(group["path"] + "/")))
            if told != counted:
                wrong.append(f"{group['path']} {line} is {counted}, the events say {told}")
    return wrong


def judge_output(case, run, host):
    """What the program printed and how it ended are what they are on the host, unless a limit was met that the report names."""
    end, why = run.report["end"], excuses(run.report)
    if end == "finished" and run.was_told and run.report["signal"] == "SIGTERM":
        return []
    if end in ("instructionLimit", "timeLimit", "interrupted"):
        return [] if host.output.startswith(run.output) or why or "&" in case.program.command else ["printed before the limit what the host does not print"]
    if end == "finished" and not why:
        wrong = []
        if run.code != host.code:
            wrong.append(f"exit code {run.code}, on the host {host.code}; errors {own_errors(case, run)[-300:]!r}")
        if run.output != host.output:
            wrong.append(f"output {run.output[-200:]!r}, on the host {host.output[-200:]!r}; errors {own_errors(case, run)[-300:]!r}")
        if not case.has("--strace") and not wrong and own_errors(case, run) != host.errors:
            wrong.append(f"errors {own_errors(case, run)[-300:]!r}, on the host {host.errors[-300:]!r}")
        return wrong
    if end == "notStarted" and case.ram > 2:
        return [f"not started: {run.errors[-300:].decode('latin1')}"]
    return []


def own_errors(case, run):
    """What the program wrote there, without Quire's own lines."""
    at = run.errors.rfind(SUMMARY)
    return b"\n".join(line for line in run.errors[:at if at >= 0 else None].split(b"\n") if not line.startswith(b"quire: "))


def same(first, second):
    """Two runs of one seed: what parts them."""
    wrong = []
    for name in ("code", "output"):
        if getattr(first, name) != getattr(second, name):
            wrong.append(f"a second run of the seed has another {name}")
    if first.report is not None and second.report is not None:
        parts = [name for name in first.report if name not in ("wallSeconds", "confinement") and first.report[name] != second.report.get(name)]
        if parts:
            wrong.append(f"a second run of the seed has another {', '.join(parts)}: " + "; ".join(f"{first.report[name]} {second.report.get(name)}"[:300] for name in parts[:2]))
    return wrong
