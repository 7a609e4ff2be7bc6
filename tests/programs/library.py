"""Exercises what the interpreter and its extension modules lean on; prints results that must not depend on the machine."""
import array, bisect, collections, decimal, fractions, hashlib, heapq, io, itertools, json, math, mmap, os, random, re, statistics
import struct, tempfile, textwrap, threading, zlib

decimal.getcontext().prec = 60
print(decimal.Decimal(2).sqrt(), fractions.Fraction(355, 113) ** 5)
print([round(f(0.7), 15) for f in (math.sin, math.cos, math.tan, math.exp, math.log, math.atan, math.sinh, math.erf, math.gamma)])
print(math.fsum([0.1] * 10), math.hypot(3, 4), math.factorial(50), math.isqrt(10 ** 40), pow(3, 1000, 10 ** 9 + 7))
print(json.loads(json.dumps({"a": [1, 2.5, None, True, "\u00e9\u4e2d"], "b": {"c": -1e-300}}, sort_keys=True)))
print(re.findall(r"(\w+)@(\w+)\.com", "ann@site.com bob@other.com"), re.sub(r"(?<=a)b+", lambda m: str(len(m[0])), "abbb ab b"))
for name in ("md5", "sha1", "sha256", "sha512", "blake2b", "sha3_256"):
    print(name, hashlib.new(name, b"quire" * 1000).hexdigest())
print(struct.pack("<bhiqfd5s", -1, -2, -3, -4, 1.5, -2.25, b"hello").hex(), struct.unpack(">I", b"\x01\x02\x03\x04"))
print(zlib.crc32(b"page" * 999), len(zlib.compress(b"page" * 9999, 9)), zlib.decompress(zlib.compress(b"x" * 5))[:3])
generator = random.Random(7)
values = [generator.gauss(0, 1) for _ in range(1000)]
print(round(statistics.fmean(values), 12), round(statistics.stdev(values), 12), heapq.nsmallest(3, values))
print(collections.Counter("mississippi").most_common(2), list(itertools.permutations("abc", 2))[:4], bisect.bisect([1, 3, 5], 4))
print(array.array("d", [1.5, 2.5]).tobytes().hex(), textwrap.fill("the quick brown fox " * 4, 30))

totals, lock = [0], threading.Lock()


def add(count):
    for _ in range(count):
        with lock:
            totals[0] += 1


threads = [threading.Thread(target=add, args=(2000,)) for _ in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
print(totals)

with tempfile.TemporaryFile() as file:
    file.write(b"\0" * 10000)
    file.flush()
    with mmap.mmap(file.fileno(), 10000) as view:
        view[5000:5005] = b"hello"
        view.flush()
    file.seek(4998)
    print(file.read(9), os.fstat(file.fileno()).st_size)
print(io.StringIO("a\nb\n").readlines(), sorted({"b": 1, "a": 2}), int("z" * 20, 36) % 99991, f"{1e22:.3f} {2**-1074!r} {1/3:.20f}")
