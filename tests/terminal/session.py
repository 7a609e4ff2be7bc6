"""Runs a command on a pseudo-terminal of its own, types what a script says, and prints what a person would have seen.

session.py STEPS COMMAND...
STEPS is a JSON list of [pattern, action]: once the output since the last action matches the pattern, the action is done. It is one of
  "keys"                   typed
  {"rows": R, "columns": C}  the window changes its size
  {"signal": "TERM"}       sent to the command
  {"hangUp": true}         the terminal goes away
  {"untilNext": "keys", "seconds": S}  typed every S seconds until the next pattern is there or the command ends
Prints the screen as lines, how the command ended, and whether the terminal has the settings from before. Exit code 1 if a pattern does not come.
"""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

PATIENCE = 60


class Screen:
    """As much of a VT100 as readline and Python use, with endless lines."""

    def __init__(self):
        self.lines, self.row, self.column = [[]], 0, 0

    def put(self, character):
        line = self.lines[self.row]
        line.extend(" " * (self.column + 1 - len(line)))
        line[self.column] = character
        self.column += 1

    def control(self, parameters, final):
        count = int(parameters) if parameters.isdigit() else 0
        line = self.lines[self.row]
        if final == "C":
            self.column += count or 1
        elif final == "D":
            self.column = max(0, self.column - (count or 1))
        elif final == "G":
            self.column = max(0, (count or 1) - 1)
        elif final == "A":
            self.row = max(0, self.row - (count or 1))
        elif final == "K":
            del line[self.column if count == 0 else 0:]
        elif final == "J":
            del line[self.column:]
            del self.lines[self.row + 1:]
        elif final == "P":
            del line[self.column:self.column + (count or 1)]
        elif final == "@":
            line[self.column:self.column] = " " * (count or 1)

    def feed(self, text):
        for match in re.finditer(r"\x1b\[([?0-9;]*)([A-Za-z@])|\x1b[=>]|(.)", text, re.DOTALL):
            parameters, final, character = match.groups()
            if final:
                self.control(parameters, final)
            elif character == "\n":
                self.row += 1
                if self.row == len(self.lines):
                    self.lines.append([])
            elif character == "\r":
                self.column = 0
            elif character == "\b":
                self.column = max(0, self.column - 1)
            elif character and character >= " ":
                self.put(character)

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.lines).rstrip()


class Session:
    def __init__(self, command):
        self.master, self.slave = pty.openpty()
        self.resize(24, 80)
        self.before = termios.tcgetattr(self.slave)
        self.seen = self.fresh = ""
        self.status = None
        self.repeated = None
        self.child = os.fork()
        if self.child == 0:
            os.close(self.master)
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for descriptor in range(3):
                os.dup2(self.slave, descriptor)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            os.execvp(command[0], command)

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def act(self, action):
        if isinstance(action, str):
            os.write(self.master, action.encode())
        elif "rows" in action:
            self.resize(action["rows"], action["columns"])
        elif "signal" in action:
            os.kill(self.child, signal.Signals["SIG" + action["signal"]])
        elif "hangUp" in action:
            os.close(self.slave)
            os.close(self.master)
            self.master = None
        else:
            self.repeated, self.period, self.due = action["untilNext"].encode(), action["seconds"], 0

    def read(self):
        if self.master is None:
            time.sleep(0.02)
            return False
        if not select.select([self.master], [], [], 0.1)[0]:
            return False
        chunk = os.read(self.master, 65536).decode("utf-8", "replace")
        self.seen += chunk
        self.fresh += chunk
        return True

    def play(self, steps):
        deadline = time.monotonic() + PATIENCE
        while True:
            if steps and re.search(steps[0][0], self.fresh):
                action = steps.pop(0)[1]
                self.fresh = ""
                self.repeated = None
                deadline = time.monotonic() + PATIENCE
                self.act(action)
            elif not self.read():
                if self.status is not None:
                    return
                ended, status = os.waitpid(self.child, os.WNOHANG)
                if ended:
                    self.status = status
                elif time.monotonic() > deadline:
                    os.kill(self.child, signal.SIGKILL)
                    sys.exit(f"nothing more came for {steps[:1]}: {self.fresh!r} after {self.seen!r}")
                elif self.repeated and time.monotonic() >= self.due:
                    self.due = time.monotonic() + self.period
                    os.write(self.master, self.repeated)

    def tell(self, steps):
        screen = Screen()
        screen.feed(self.seen)
        print(screen.text())
        print("exit code", os.waitstatus_to_exitcode(self.status), "steps left", len(steps))
        if self.master is not None:
            print("settings restored" if termios.tcgetattr(self.slave) == self.before else "settings changed")


def main():
    steps = json.loads(sys.argv[1])
    session = Session(sys.argv[2:])
    session.play(steps)
    session.tell(steps)


main()
