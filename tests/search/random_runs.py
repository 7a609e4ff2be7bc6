#!/usr/bin/env python3
"""A random search over runs of the machine: programs x RAM x every option, against the host and against itself.

    tests/search/random_runs.py --minutes 30            new cases for half an hour
    tests/search/random_runs.py --seed 7 --cases 100    the first hundred of seed 7
    tests/search/random_runs.py --seed 7 --case 42      that one, with what it printed

Prints each case that fails as a command line, smaller when an option less still fails, and at the end what was tried. Exit code 1 when one failed.
"""
import argparse
import collections
import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import programs
import settings
import verdicts

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
PATIENCE = 90        # seconds a run may take before it is told to end: programs that do nothing but fault are slow
GRACE = 30           # seconds it may take to end then
IDLE = 20            # seconds without any work of the processor, after which a run is said to hang
MOST_SHRINKING = 240  # seconds


class Search:
    def __init__(self, quire, directory):
        self.quire = quire
        self.directory = directory
        self.workspace = os.path.join(directory, "workspace")
        os.mkdir(self.workspace)
        programs.make_workspace(self.workspace)

    def case(self, seed, number):
        chance = random.Random(f"{seed}/{number}")
        return settings.choose(chance, programs.choose(chance))

    def command(self, case, place):
        """The words of the whole command, with outputs in a directory of its own."""
        names = {"JSON": "report", "EVENTS": "events", "LAYER": "layer"}
        words = [self.quire, "run", "--ram", f"{case.ram}M"]
        for option in case.options:
            words += [f"{place}/bound:{self.workspace}" if word == "BOUND" else f"{place}/{names[word]}" if word in names else word for word in option]
        return words + ["--", "bash", "-c", case.program.command]

    def verdict(self, case):
        """What is wrong with this case, and its run."""
        programs.compile_for(self.workspace, case.program.command)
        host = self.on_host(case) if case.program.on_host else None
        place = tempfile.mkdtemp(prefix="case-", dir=self.directory)
        try:
            run = self.run(case, place)
            wrong = verdicts.judge(case, run, host)
            if host is not None and run.report is not None and run.report["end"] == "finished" and not run.was_told and not verdicts.excuses(run.report) and not wrong:
                wrong += self.lasting(case, place, host)
            if case.has("--seed") and not case.has("--real-time") and run.seconds < PATIENCE / 3 and not case.terminate_after and not wrong:
                wrong += self.again(case, run)
            return wrong, run
        finally:
            shutil.rmtree(place)

    def lasting(self, case, place, host):
        """What the program left in a bound directory is what it left on the host; what it left in a layer is there in the next run."""
        if case.has("--bind"):
            left = listing(os.path.join(place, "bound"))
            return [] if left == host.left else [f"left behind: {sorted(set(left.items()) ^ set(host.left.items()))[:5]}"]
        if case.has("--layer") and host.left:
            run = self.start([self.quire, "run", "-q", "--layer", f"{place}/layer", "--", "bash", "-c", LISTING], place)
            listed = run.output.decode("latin1")
            wanted = "".join(f"{name} {size} {total}\n" for name, (size, total) in sorted(host.left.items()))
            return [] if listed == wanted else [f"the layer holds other files: {listed[:300]!r}, not {wanted[:300]!r}; {run.errors[-300:]!r}"]
        return []

    def again(self, case, run):
        """The same seed, without those who look on: the same run."""
        watchers = ("--events", "--audit", "--audit=100", "--audit=1000", "--audit=100000", "--strace", "--quiet")
        other = settings.Case(case.program, case.ram, [words for words in case.options if words[0] not in watchers], None)
        place = tempfile.mkdtemp(prefix="again-", dir=self.directory)
        try:
            return verdicts.same(run, self.run(other, place))
        finally:
            shutil.rmtree(place)

    def run(self, case, place):
        if case.has("--bind"):
            shutil.copytree(self.workspace, os.path.join(place, "bound"), symlinks=True)
        if case.has("--layer"):
            os.mkdir(os.path.join(place, "layer"))
        run = self.start(self.command(case, place), place, case.terminate_after)
        if case.value("--json") == "-":
            at = run.output.rfind(b'{\n  "program"')
            run.report = parsed(run.output[at:]) if at >= 0 else None
            run.output = run.output[:at] if at >= 0 else run.output
        elif case.has("--json"):
            with open(os.path.join(place, "report"), "rb") as file:
                run.report = parsed(file.read())
        run.events = os.path.join(place, "events") if case.has("--events") else None
        return run

    def start(self, words, place, terminate_after=None):
        with open(os.path.join(place, "output"), "w+b") as output, open(os.path.join(place, "errors"), "w+b") as errors:
            begun = time.monotonic()
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, cwd=self.workspace, env=ENVIRONMENT, start_new_session=True)
            busy_at, busy, told, idle, late = begun, 0.0, None, False, False
            while True:
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                now = time.monotonic()
                if pid:
                    break
                worked = processor_time(process.pid)
                if worked > busy + 0.3:
                    busy, busy_at = worked, now
                idle = idle or (now - busy_at > IDLE and now - begun > IDLE)
                if told is None and (idle or now - begun > (terminate_after or PATIENCE)):
                    os.kill(process.pid, signal.SIGTERM)
                    told = now
                elif told is not None and not late and now - told > GRACE:
                    late = True
                    os.killpg(process.pid, signal.SIGKILL)
                time.sleep(0.02 if now - begun < 2 else 0.2)
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            errors.seek(0)
            code = process.returncode if process.returncode >= 0 else 128 - process.returncode
            return verdicts.Run(code, output.read(), errors.read(), None, None, usage.ru_maxrss * 1024, now - begun, usage.ru_utime + usage.ru_stime, idle, told is not None, late)

    def on_host(self, case):
        """In a copy of the workspace, whose changes do not count."""
        copy = tempfile.mkdtemp(prefix="host-", dir=self.directory)
        place = os.path.join(copy, "workspace")
        try:
            shutil.copytree(self.workspace, place, symlinks=True)
            done = subprocess.run(["bash", "-c", case.program.command], stdin=subprocess.DEVNULL, capture_output=True, cwd=place, env=ENVIRONMENT, check=False)
            done.left = listing(place)
            done.code, done.output, done.errors = done.returncode if done.returncode >= 0 else 128 - done.returncode, done.stdout, done.stderr
            return done
        finally:
            shutil.rmtree(copy)

    def smaller(self, case, wrong):
        """Leaves out one option after the other as long as the run fails the same way."""
        kind, until, changed = wrong[0][:14], time.monotonic() + MOST_SHRINKING, True
        while changed:
            changed = False
            for words in list(case.options):
                if time.monotonic() > until:
                    return case
                if words[0] == "--json":
                    continue
                less = case.without(words)
                try:
                    found, _ = self.verdict(less)
                except OSError:
                    continue
                if any(line[:14] == kind for line in found):
                    case, changed = less, True
        return case


LISTING = "find . -type f -printf '%P\\n' | LC_ALL=C sort | while read -r name; do set -- $(cksum <\"$name\"); echo \"$name $2 $1\"; done"


def listing(directory):
    """Size and check sum of each file there."""
    text = subprocess.run(["bash", "-c", LISTING], cwd=directory, capture_output=True, check=True).stdout.decode("latin1")
    return {name: (size, total) for name, size, total in (line.rsplit(" ", 2) for line in text.splitlines())}


def parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def processor_time(process):
    """Seconds of a process and all below it, as far as they are to be seen."""
    total, waiting = 0.0, [process]
    while waiting:
        one = waiting.pop()
        try:
            with open(f"/proc/{one}/stat", encoding="latin1") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
            with open(f"/proc/{one}/task/{one}/children", encoding="ascii") as file:
                waiting += [int(child) for child in file.read().split()]
        except (OSError, ValueError):
            pass
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quire", default=os.path.join(os.path.dirname(programs.TESTS), "quire"), help="what is tried (default: this repository's)")
    parser.add_argument("--seed", default=str(int(time.time())), help="of the cases (default: another each time)")
    parser.add_argument("--cases", type=int, help="how many")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--minutes", type=float, help="for how long")
    parser.add_argument("--case", type=int, help="only this one, with its output")
    parser.add_argument("--as-found", action="store_true", help="do not look for a smaller command")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Told to end, it tells what it has tried so far.
    directory = tempfile.mkdtemp(prefix="quire-search-", dir="/var/tmp")
    try:
        return search(arguments, Search(os.path.abspath(arguments.quire), directory))
    finally:
        shutil.rmtree(directory)


class Tally:
    """What was tried and what came of it."""

    def __init__(self):
        self.cases = self.failed = 0
        self.ends, self.excused, self.tried = collections.Counter(), collections.Counter(), collections.Counter()

    def add(self, case, wrong, run):
        self.cases += 1
        self.failed += bool(wrong)
        self.ends["no report" if run.report is None else run.report["end"]] += 1
        self.excused.update(verdicts.excuses(run.report))
        self.tried.update({words[0].split("=")[0] for words in case.options} | {case.program.command.split()[0]})

    def tell(self, seed):
        used = os.times()
        print(f"{self.cases} cases of seed {seed}, {self.failed} failed; {(used.user + used.system + used.children_user + used.children_system) / 60:.1f} minutes of processor time")
        for title, counter in ("ends", self.ends), ("limits met", self.excused), ("tried", self.tried):
            print(f"{title}: " + ", ".join(f"{name} {count}" for name, count in counter.most_common()))


def search(arguments, trial):
    begun, tally, number = time.monotonic(), Tally(), arguments.first if arguments.case is None else arguments.case
    most = 1 if arguments.case is not None else arguments.cases
    try:
        while (most is None or tally.cases < most) and not (arguments.minutes and time.monotonic() - begun > arguments.minutes * 60):
            case = trial.case(arguments.seed, number)
            wrong, run = trial.verdict(case)
            tally.add(case, wrong, run)
            if arguments.case is not None:
                print(f"{shlex.join(trial.command(case, 'DIRECTORY'))}\n--- exit code {run.code}, {run.seconds:.1f} s, {run.peak >> 20} MiB")
                print(f"--- output\n{run.output[-2000:].decode('latin1')}\n--- errors\n{run.errors[-6000:].decode('latin1')}")
            if wrong:
                least = case if arguments.as_found else trial.smaller(case, wrong)
                print(f"FAILED case {number} of seed {arguments.seed}: {'; '.join(wrong)[:1500]}\n    {shlex.join(trial.command(least, 'DIRECTORY'))}", flush=True)
            elif run.seconds > PATIENCE:
                print(f"slow: case {number} of seed {arguments.seed} took {run.seconds:.0f} s and was told to end", flush=True)
            number += 1
    except KeyboardInterrupt:
        pass
    tally.tell(arguments.seed)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
