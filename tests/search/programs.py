"""Programs of a random size for a random run: what they print and how they end is the host's to say, unless they may not run there."""
import os
import random
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
WORDS = "memory page frame table walk fault swap cache kernel process thread signal pipe inode mount shadow".split()


class Program:
    """A shell command in the workspace. Where it may not run on the host, or its output is nobody's to say, only Quire is asked about itself."""

    def __init__(self, command, little, on_host=True, greedy=False):
        self.command = command
        self.little = little      # MiB of RAM in which it barely runs
        self.on_host = on_host    # whether the host's run says what is right
        self.greedy = greedy      # whether it takes what it can get, or keeps memory that nobody can take


def make_workspace(directory):
    """Inputs, the same on each machine."""
    chance = random.Random(20090211)
    os.makedirs(os.path.join(directory, "bin"))
    os.makedirs(os.path.join(directory, "tree", "deep", "er"))
    lines = [f"{chance.choice(WORDS)} {chance.choice(WORDS)}:{chance.randrange(100)}\t{chance.choice(WORDS)}\n" for _ in range(20000)]
    write(directory, "text.txt", "".join(lines))
    write(directory, "numbers.txt", "".join(f"{chance.randrange(1000000)}\n" for _ in range(20000)))
    write(directory, "tree/a.txt", "alpha\nbeta\nmemory\n")
    write(directory, "tree/deep/b.txt", "gamma\nmemory leak\n")
    write(directory, "tree/deep/er/c.txt", "delta\n")
    with open(os.path.join(directory, "noise.bin"), "wb") as file:
        file.write(chance.randbytes(300000))
    for name in os.listdir(os.path.join(TESTS, "programs")):
        if not name.endswith(".c") or name == "life.c":
            shutil.copy(os.path.join(TESTS, "programs", name), directory)
    for folder, _, names in os.walk(directory):
        for name in names:
            # Before the clock of any run begins: make speaks of files of the future.
            os.utime(os.path.join(folder, name), (10 ** 9, 10 ** 9))


def compile_for(directory, command):
    """The C programs that a command names."""
    for name in re.findall(r"(?<![/\w])bin/(\w+)", command):
        target = os.path.join(directory, "bin", name)
        source = next(path for path in (os.path.join(TESTS, folder, name + ".c") for folder in ("programs", "native", "search")) if os.path.exists(path))
        if not os.path.exists(target):
            options = ["-nostdlib", "-static", "-ffreestanding", "-fno-stack-protector", "-fcf-protection=none"] if name == "local_pages" else ["-pthread"]
            subprocess.run(["gcc", "-w", "-O2", *options, "-o", target, source], check=True)


def write(directory, name, text):
    with open(os.path.join(directory, name), "w", encoding="ascii") as file:
        file.write(text)


PILES = ["attributes", "locks", "descriptors", "tables", "sockets", "messages", "timers", "signals", "names", "links", "watches", "notices", "polls", "listings", "blocks", "memories", "deep"]


def choose(chance):
    """One of the kinds below, of a random size."""
    return chance.choice(KINDS)(chance)


def sorting(chance):
    lines, buffer = chance.randrange(500, 20000), chance.choice(["", " -S 200K", " -S 1M", " --parallel=4 -S 300K"])
    return Program(f"head -n {lines} numbers.txt | sort -n{buffer} | uniq -c | sort -k1,1nr -k2,2n | head -20 | md5sum", 3)


def sorting_text(chance):
    return Program(f"head -n {chance.randrange(1000, 20000)} text.txt | sort {chance.choice(['', '-r', '-u', '-k2', '-f'])} | sha256sum", 3)


def awk(chance):
    count = chance.randrange(1000, 20000)
    return Program("head -n %d text.txt | gawk '{ n[$1 \" \" $2]++; m[NR] = $0 } END { PROCINFO[\"sorted_in\"] = \"@ind_str_asc\"; for (k in n) print k, n[k]; print length(m) }' | md5sum" % count, 4)


def compressing(chance):
    tool = chance.choice([f"gzip -{chance.randrange(1, 10)} -n", f"bzip2 -{chance.randrange(1, 10)}", f"xz -{chance.randrange(0, 3)} -T1"])
    back = tool.split()[0] + " -dc"
    name = chance.choice(["noise.bin", "text.txt", "numbers.txt"])
    return Program(f"head -c {chance.randrange(1000, 300000)} {name} | {tool} -c | tee copy.z | {back} | md5sum; sha256sum copy.z", 9 if "xz" in tool or "bzip2" in tool else 3)


PYTHON = [
    "d = {i * 7919 % 10007: str(i) * 3 for i in range(%d)}; print(sum(map(len, d.values())), sorted(d)[:9])",
    "import random; r = random.Random(3); b = bytearray(%d * 100)\nfor i in range(%d): b[r.randrange(len(b))] ^= i & 255\nimport hashlib; print(hashlib.md5(b).hexdigest())",
    "import os, sys\na = list(range(%d))\nfor k in range(4):\n  sys.stdout.flush(); p = os.fork()\n  if p == 0:\n    a.reverse(); print(k, sum(a[:100])); sys.stdout.flush(); os._exit(k)\n  print(os.waitpid(p, 0)[1])\nprint(len(a))",
    "import threading\nr = [0] * 8\ndef f(n):\n  x = [n] * (%d // 8)\n  for i in range(len(x)): x[i] += i\n  r[n] = sum(x)\nt = [threading.Thread(target=f, args=(n,)) for n in range(8)]\n[x.start() for x in t]; [x.join() for x in t]; print(r)",
    "import mmap, hashlib\nm = mmap.mmap(-1, %d * 64)\nfor i in range(0, len(m), 4096): m[i] = i // 4096 & 255\nprint(hashlib.md5(m).hexdigest())",
    "import zlib, os\nb = (b'quire' * 40 + bytes(range(256))) * (%d // 60)\nz = zlib.compress(b, 6); print(len(z), zlib.crc32(zlib.decompress(z)))",
    "import sqlite3\nc = sqlite3.connect(':memory:'); c.execute('create table t(a, b)')\nc.executemany('insert into t values (?, ?)', ((i * 31 %% 997, str(i)) for i in range(%d)))\nprint(c.execute('select a, count(*), max(b) from t group by a order by a limit 5').fetchall())",
]


def python(chance):
    script, size = chance.choice(PYTHON), chance.randrange(500, 12000)
    script = script % ((size,) * (script.count("%d")))
    return Program("/usr/bin/python3 -c " + quoted(script), 7)


PERL = [
    "my %%h; $h{$_ * 7919 %% 10007} .= 'x' x ($_ %% 9) for 1..%d; print scalar(keys %%h), ' ', length(join '', values %%h), chr(10)",
    "my @a = map { $_ x 40 } 1..%d; my $x = 'a' x 1_000_000; my $p = fork; if (!$p) { substr($x, 5, 1) = 'b'; $a[7] = 'x'; exit 3 } waitpid $p, 0; print $? >> 8, ' ', scalar(@a), chr(10)",
    "my $s = 0; for my $i (1..%d) { my @b = (1..50); $s += $b[$i %% 50] } print $s, chr(10)",
    "my $s = join ' ', 1..%d; my $n = () = $s =~ /7+/g; $s =~ s/(\\d)0/$1-/g; print $n, ' ', length $s, chr(10)",
]


def perl(chance):
    return Program("perl -e " + quoted(chance.choice(PERL) % chance.randrange(500, 8000)), 4)


def sqlite(chance):
    return Program(f"sed s/100000/{chance.randrange(500, 9000)}/ inserts.sql | sqlite3 {chance.choice([':memory:', 'new.db'])}", 4)


def bc(chance):
    return Program(f"echo 'define f(n) {{ if (n < 2) return 1; return n * f(n - 1); }} f({chance.randrange(50, 500)}); scale = {chance.randrange(20, 300)}; sqrt(2)' | bc", 3)


def busybox(chance):
    count = chance.randrange(200, 6000)
    return Program(chance.choice([
        f"busybox seq {count} | busybox sort -rn | busybox md5sum",
        f"busybox head -n {count} text.txt | busybox gzip -c | busybox gunzip -c | busybox sha256sum",
        f"busybox sh -c 'i=0; while [ $i -lt {count // 20} ]; do i=$((i + 1)); (exit $((i & 3))) || s=$s$?; done; echo $s' | busybox md5sum",
        f"busybox awk 'BEGIN {{ for (i = 0; i < {count}; i++) a[i % 97] += i; for (i = 0; i < 97; i++) print a[i] }}' | busybox md5sum",
        f"busybox dd if=noise.bin bs=1000 count={count // 20} 2>/dev/null | busybox od -x | busybox tail -3",
    ]), 2)


def forks(chance):
    count = chance.randrange(3, 30)
    return Program(chance.choice([
        f"for i in $(seq {count}); do (seq $((i * 100)) | md5sum) & done | sort; wait",
        f"for i in $(seq {count}); do echo $i $(seq $i | wc -l) $((i * i)); done | cat | tac | cat",
        f"f() {{ [ $1 -le 0 ] && return; echo $1; (f $(($1 - 1))); }}; f {count}",
        f"seq {count * 20} | while read x; do [ $((x % 50)) = 0 ] && (echo $x | tr 0-9 a-j); done; exit 7",
        f"mkfifo pipe; seq {count * 100} >pipe & md5sum <pipe; wait; rm pipe; {{ sh -c 'kill -9 $$'; echo $?; }} 2>/dev/null",
        f"exec 3<<<$(seq {count * 500}); cat <&3 | cksum; cat <(seq {count}) <(seq 3) | paste -sd+ | bc",
        f"seq {count * 20} | xargs -n 9 -P 4 sh -c 'echo $#' | sort | uniq -c; head -c {count * 5000} /dev/zero | split -b 7000 - part.; cat part.* | md5sum; rm part.*",
    ]), 4)


def compiler(chance):
    functions = chance.randrange(5, 120)
    return Program(chance.choice([
        "for i in $(seq %d); do echo \"int f$i(int n) { return n < 2 ? n : f$i(n - 1) * $i + f$i(n - 2); }\"; done | gcc -S -O%d -x c -o - - | md5sum; exit ${PIPESTATUS[1]}" % (functions, chance.randrange(3)),
        f"gcc -w -O{chance.randrange(2)} -o life life.c && ./life {chance.randrange(1, 12)} | md5sum",
        "make -s -f project.mk && ./hello-from-make",
    ]), 10)


def openssl(chance):
    return Program(f"head -c {chance.randrange(100, 300000)} noise.bin | openssl enc -aes-256-cbc -pbkdf2 -iter {chance.randrange(1, 300)} -k quire -S 0102030405060708 | openssl dgst -{chance.choice(['md5', 'sha256', 'sha3-256', 'blake2b512'])}", 6)


def files(chance):
    count = chance.randrange(100, 8000)
    return Program(chance.choice([
        f"head -n {count} text.txt >one; tac one >two; diff one two | md5sum; cmp one two; diff -q one one && rm one two",
        "find . -name '*.txt' -size +0 | sort; find tree -type f -exec md5sum {} + | sort; grep -rl memory tree | sort",
        f"dd if=/dev/zero of=big bs=4096 count={count // 8} 2>/dev/null; printf abc | dd of=big bs=1 seek={count * 7} conv=notrunc 2>/dev/null; md5sum big; ls -l big | cut -d' ' -f5; cp big two; cmp big two; truncate -s {count} two; md5sum two",
        f"head -c {count * 100} /dev/zero >/dev/shm/random-run; cat noise.bin >>/dev/shm/random-run; md5sum </dev/shm/random-run; rm /dev/shm/random-run",
        f"for i in $(seq {count // 40}); do echo $i >file.$i; done; cat file.* | md5sum; ls file.* | wc -l; rm file.*; ln -s nowhere link; readlink link; mkdir -p a/b/c; mv a d; find d | sort",
        f"tar -cf tree.tar --sort=name --mtime=@0 --owner=0 --group=0 tree numbers.txt; tar -tf tree.tar; mkdir out; tar -xf tree.tar -C out; diff -r tree out/tree && md5sum tree.tar",
    ]), 4)


def native(chance):
    return chance.choice([
        Program("bin/fork_cow", 3), Program("bin/mremap_grow", 3), Program("bin/mmap_kinds", 3), Program("bin/word_a_page", 2), Program("bin/shared_memory", 2), Program("bin/threads", 2),
        Program("bin/segv_repair", 2), Program("bin/stack_growth", 3), Program(f"bin/many_mallocs {chance.randrange(1000, 60000)}", 3), Program("bin/local_pages", 2),
        Program(f"bin/pressure {chance.randrange(64, 1500)} {chance.randrange(1, 4)}", 3), Program(f"bin/working_set {chance.randrange(10, 1500)} {chance.randrange(1, 30)}", 2),
        Program(f"bin/hungry_writer {chance.randrange(10, 1500)} {chance.randrange(1, 10)}", 2), Program(f"bin/store_into_own_page {chance.randrange(1, 30)}", 2),
    ])


def random_memory(chance):
    return Program(f"bin/random_memory {chance.randrange(1, 1000000)} {chance.randrange(100, 3000)} {chance.randrange(50, 1200)}", 2, greedy=True)


def library(chance):
    return Program(chance.choice(["/usr/bin/python3 library.py"]), 9)


def inside_only(chance):
    """What would do harm on a host, or has no answer there."""
    return chance.choice([
        Program(f"bin/random_code {chance.randrange(1, 1000000)} {chance.randrange(1000, 60000)} {chance.randrange(2, 300)}", 2, on_host=False),
        Program(f"bin/random_code {chance.randrange(1, 1000000)} {chance.randrange(1000, 60000)} {chance.randrange(2, 300)}", 2, on_host=False),
        Program(f"bin/wild_calls random {chance.randrange(1, 1000000)} {chance.randrange(500, 6000)}", 3, on_host=False, greedy=True),
        Program(f"/usr/bin/python3 random_groups.py {chance.randrange(1, 1000000)} {chance.randrange(20, 300)}", 9, on_host=False),
        Program(f"bin/exhaust {chance.choice(['malloc', 'private', 'shared', 'reserve', 'regions', 'pipes', 'file /tmp', 'directories /tmp', 'file /dev/shm', 'directories /dev/shm'])}", 2, on_host=False, greedy=True),
        Program(f"bin/pile_up {chance.choice(PILES)}", 2, on_host=False, greedy=True),
        Program("bin/merge", 3, on_host=False),
    ])


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


KINDS = [sorting, sorting_text, awk, compressing, python, python, perl, sqlite, bc, busybox, busybox, forks, forks, compiler, openssl, files, files, native, native, native, random_memory, random_memory, random_memory, library, inside_only, inside_only]
