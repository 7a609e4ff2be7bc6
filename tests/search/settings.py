"""Options of a random run. Each is a list of words that can be left out by itself; all together are accepted."""
POLICIES = ["two-list", "fifo", "fifo:clean=1", "lru", "lru:clean=1", "mru", "clock", "clock:bits=3", "gclock", "enhanced-clock", "second-chance", "second-chance:inactive=20%", "clock-sweep", "random:seed=5", "lfu",
            "lru-k", "lru-k:k=3,crp=5", "2q", "arc", "car", "lirs", "lirs:variant=paper", "clock-pro", "sieve", "s3-fifo", "w-tinylfu", "aging", "mglru", "wsclock", "working-set:tau=100000", "pff", "opt"]
DISKS = ["nvme", "ssd", "hdd", "80us,3G,32", "1ms,10M,1"]


class Case:
    """A program with options, and how it is to be disturbed."""

    def __init__(self, program, ram, options, terminate_after):
        self.program = program
        self.ram = ram                          # MiB
        self.options = options                  # lists of words
        self.terminate_after = terminate_after  # seconds until SIGTERM, or None

    def has(self, name):
        return any(words[0] == name for words in self.options)

    def value(self, name):
        return next((words[1] for words in self.options if words[0] == name), None)

    def without(self, words):
        return Case(self.program, self.ram, [one for one in self.options if one is not words], self.terminate_after)


def choose(chance, program):
    """Much or little RAM, few options or many, and now and then a request to end."""
    little = program.little
    ram = chance.choice([little, little, little + 1, little * 3 // 2, little * 2, little * 4, 64, 256])
    density = chance.choice([0.1, 0.25, 0.5])
    options = [words for name, likely, make in OPTIONS if chance.random() < likely * density for words in make(chance, ram)]
    if program.greedy and not any(words[0] == "--layer-size" for words in options):
        options.append(["--layer-size", "64M"])
    if not any(words[0] == "--swap" for words in options):
        options = [words for words in options if words[0] not in ("--zswap", "--inject", "--memory-swap-max")]
    if any(words[:2] == ["--policy", "opt"] for words in options):
        options = [words for words in options if words[0] not in ("--bind", "--layer", "--real-time")]
    if any(words[0] == "--real-time" for words in options):
        options = [words for words in options if words[0] not in ("--epoch",)]
    return Case(program, ram, options, chance.uniform(0.1, 3) if chance.random() < 0.08 else None)


def once(name, *values):
    return lambda chance, ram: [[name, chance.choice(values)] if values else [name]]


def swap(chance, ram):
    areas = []
    for number in range(chance.choice([1, 1, 1, 2, 3])):
        size = chance.choice([f"{ram}M", f"{4 * ram}M", "64M", "512M", "1M", "200K", "4K" if number else "2M"])
        areas.append(["--swap", size + chance.choice(["", f",priority={chance.randrange(5)}"])])
    return areas


def zswap(chance, _):
    return [["--zswap", f"{chance.choice([1, 5, 20, 50, 90])}%{chance.choice(['', ',deflate', ',brotli'])}"]]


def inject(chance, _):
    kind = chance.choice(["swap-read", "swap-write", "torn-write", "disk-full"])
    return [["--inject", f"{kind}:{chance.choice(['1', '7', '100', '0.001', '0.02', '0.3'])}"] for _ in range(chance.choice([1, 1, 2]))]


def policy(chance, _):
    return [["--policy", chance.choice(POLICIES)]]


def replacement(chance, ram):
    return [["--replacement", chance.choice(["global", f"local:fixed={chance.randrange(16, ram * 200)}", "local:fixed=16", "local:proportional", "local:pff", "local:pff=20,5000"])]]


def reserved(chance, ram):
    return [["--hugepages", f"2M:{chance.randrange(1, max(2, ram // 8))}"]] if ram >= 8 else []


def tlb(chance, _):
    return [["--tlb", chance.choice(["off", "off", "off", "l1d=4x4,l1i=4x2,l2=off", "l2=off", "l1d=64x4:fifo,replace=random", "pwc=off", "tags=off", "replace=plru,l1d=16x16", "pwc=2/1/0,tags=off,l2=8x1"])]]


def group(chance, ram):
    amount = lambda least: f"{chance.randrange(least, ram * 1024 * 5 // 4)}K"
    kinds = [["--memory-max", amount(1500)], ["--memory-high", amount(200)], ["--memory-low", amount(0)], ["--memory-min", amount(0)], ["--memory-swap-max", amount(0)], ["--pids-max", str(chance.choice([1, 3, 8, 30, 1000]))]]
    return [words for words in kinds if chance.random() < 0.3]


def environment(chance, _):
    if chance.random() < 0.5:
        return [["--env", f"RANDOM_RUN={'x' * chance.randrange(2000)}"]]
    return [["--env-clear", "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "--env", "HOME=/root", "--env", "LC_ALL=C.UTF-8", "--env", "TZ=UTC"]]


# Name, how likely it is beside others, and what makes its words.
OPTIONS = [
    ("swap", 1.3, swap), ("zswap", 0.8, zswap), ("inject", 0.4, inject), ("policy", 1.0, policy), ("replacement", 0.4, replacement), ("readahead", 0.5, once("--readahead", "0", "1", "4", "32", "1024")),
    ("swappiness", 0.4, once("--swappiness", "0", "1", "100", "200")), ("overcommit", 0.5, once("--overcommit", "0", "1", "1", "2")), ("fault-around", 0.5, once("--fault-around", "2", "16", "512")),
    ("merge", 0.5, lambda chance, _: [chance.choice([["--merge"], ["--merge", "all"], ["--merge", "off"], ["--merge", "advised"]])]), ("load-control", 0.4, once("--load-control")),
    ("cpus", 0.6, once("--cpus", "1", "2", "3", "4", "16", "64")), ("tlb", 0.5, tlb), ("thp", 0.6, once("--thp", "always", "always", "madvise", "never")), ("hugepages", 0.2, reserved),
    ("group", 0.7, group), ("max-instructions", 0.25, once("--max-instructions", "1", "30000", "3M", "30M", "300M", "4G")), ("max-time", 0.25, once("--max-time", "1ms", "30ms", "500ms", "10s", "2h")),
    ("seed", 1.5, lambda chance, _: [["--seed", str(chance.randrange(1 << 32))]]), ("layer", 0.3, once("--layer", "LAYER")), ("layer-size", 0.2, once("--layer-size", "100K", "4M", "64M")),
    ("bind", 0.3, once("--bind", "BOUND")), ("disk", 0.4, once("--disk", *DISKS)), ("audit", 4.0, lambda chance, _: [chance.choice([["--audit"], ["--audit=1000"], ["--audit=100000"], ["--audit=100"]])]),
    ("json", 9.0, once("--json", "JSON", "JSON", "JSON", "-")), ("events", 1.2, once("--events", "EVENTS")), ("oom", 0.3, once("--oom", "kill", "pause")), ("strace", 0.15, once("--strace")),
    ("quiet", 0.3, once("--quiet")), ("confine", 0.2, once("--confine", "on", "off")), ("aslr", 0.3, once("--aslr", "on", "off")), ("tmp", 0.2, once("--tmp", "host", "empty")), ("env", 0.2, environment),
    ("epoch", 0.2, once("--epoch", "0", "2026-01-31T12:00:00Z", "4102444800")), ("real-time", 0.1, once("--real-time")),
]
