#!/usr/bin/env bash
# The "Allocation" tables of docs/performance.md: this library's heaps and, on the same workloads in C by preload, Debian's allocators
# (apt-get install libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4). Nanoseconds of CPU for one malloc and free, median of ROUNDS
# (5), one core; footprint over live bytes; throughput of two threads over one, by CPU time.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
rounds=${ROUNDS:-5}
bench=$root/artifacts/bin/Quire.Allocation.Bench/release/Quire.Allocation.Bench
workload=$root/artifacts/workload
dotnet build "$root/bench/Quire.Allocation.Bench" -c Release -p:RunAnalyzers=false -v q >&2
gcc -O2 -fno-builtin-malloc -pthread -o "$workload" "$root/bench/Quire.Allocation.Bench/workload.c" -lm

row() {
    local name=$1
    shift
    printf '| %-16s' "$name"
    local w result footprint=-
    for w in pair lifo random mixed; do
        result=$("$@" "$w" "$rounds" 2>/dev/null) || result="$w - -"
        printf '| %6s ' "$(awk '{print $(NF-1)}' <<<"$result")"
        footprint=$(awk '{print $NF == "0.00" ? "-" : $NF}' <<<"$result")
    done
    printf '| %6s ' "$footprint"
    result=$("$@" threads "$rounds" 2>/dev/null) || result=-
    printf '| %6s |\n' "$(awk '{print $NF}' <<<"$result")"
}

echo '| allocator | pair | lifo | random | mixed | footprint | two threads |'
echo '|---|---|---|---|---|---|---|'
row thread-caching "$bench" thread-caching
row boundary-tag "$bench" boundary-tag
row tlsf "$bench" tlsf
row glibc "$workload"
for peer in jemalloc:libjemalloc.so.2 mimalloc:libmimalloc.so.2 tcmalloc:libtcmalloc_minimal.so.4; do
    library=$(find /usr/lib -name "${peer#*:}" -print -quit)
    [ -n "$library" ] && row "${peer%%:*}" env LD_PRELOAD="$library" "$workload"
done
row NativeMemory "$bench" native-memory
row ArrayPool.Shared "$bench" array-pool
echo
echo '| engine | ns |'
echo '|---|---|'
echo "| pool, pair of 64 B | $("$bench" pool pair "$rounds" | awk '{print $3}') |"
echo "| pool, stack of 1000 | $("$bench" pool lifo "$rounds" | awk '{print $3}') |"
echo "| thread-caching, two threads over one by the wall clock | $("$bench" thread-caching threads-wall "$rounds" | awk '{print $3}') |"
for engine in arena slab buddy-frames buddy best-fit; do
    echo "| $engine | $("$bench" $engine - "$rounds" | awk '{print $2}') |"
done
