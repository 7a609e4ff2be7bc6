#!/usr/bin/env bash
# The "Allocation" tables of docs/performance.md: this library's heaps and, on the same workloads in C by preload, Debian's allocators
# (apt-get install libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4). Nanoseconds of CPU for one malloc and free, median of ROUNDS
# (7) and the least of them, one core; footprint over live bytes; throughput of two threads over one, by CPU time.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
rounds=${ROUNDS:-7}
bench=$root/artifacts/bin/Quire.Allocation.Bench/release/Quire.Allocation.Bench
workload=$root/artifacts/workload
dotnet build "$root/bench/Quire.Allocation.Bench" -c Release -p:RunAnalyzers=false -v q >&2
gcc -O2 -fno-builtin-malloc -pthread -o "$workload" "$root/bench/Quire.Allocation.Bench/workload.c" -lm

# name, then the command that measures it; all take their rounds in turn, so that what disturbs one disturbs all.
subjects=("thread-caching=$bench thread-caching" "boundary-tag=$bench boundary-tag" "tlsf=$bench tlsf" "glibc=$workload")
for peer in jemalloc:libjemalloc.so.2 mimalloc:libmimalloc.so.2 tcmalloc:libtcmalloc_minimal.so.4; do
    library=$(find /usr/lib -name "${peer#*:}" -print -quit)
    [ -n "$library" ] || { echo "no ${peer#*:}: apt-get install libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4" >&2; exit 1; }
    subjects+=("${peer%%:*}=env LD_PRELOAD=$library $workload")
done
subjects+=("NativeMemory=$bench native-memory" "ArrayPool.Shared=$bench array-pool")

results=$(mktemp)
trap 'rm -f "$results"' EXIT
for w in pair lifo random mixed; do
    for ((round = 0; round < rounds; round++)); do
        for subject in "${subjects[@]}"; do
            # shellcheck disable=SC2086 -- a command and its arguments
            printf '%s %s %s\n' "${subject%%=*}" "$w" "$(${subject#*=} "$w" 1 | awk '{print $(NF-1), $NF}')" >>"$results"
        done
    done
done

echo "| allocator | pair | lifo | random | mixed | footprint | two threads |"
echo '|---|---|---|---|---|---|---|'
for subject in "${subjects[@]}"; do
    name=${subject%%=*}
    printf '| %-16s' "$name"
    for w in pair lifo random mixed; do
        printf '| %14s ' "$(awk -v n="$name" -v w="$w" '$1 == n && $2 == w {print $3}' "$results" | sort -n | awk '{v[NR] = $1} END {printf "%.1f (%.1f)", v[int((NR + 1) / 2)], v[1]}')"
    done
    printf '| %6s ' "$(awk -v n="$name" '$1 == n && $2 == "mixed" {print $4 == "0.00" ? "-" : $4}' "$results" | tail -1)"
    # shellcheck disable=SC2086
    threads=$(${subject#*=} threads "$rounds" 2>/dev/null | awk '{print $NF}') || threads=-
    printf '| %6s |\n' "${threads:--}"
done
echo
echo '| engine | ns |'
echo '|---|---|'
echo "| pool, pair of 64 B | $("$bench" pool pair "$rounds" | awk '{print $3}') |"
echo "| pool, stack of 1000 | $("$bench" pool lifo "$rounds" | awk '{print $3}') |"
echo "| thread-caching, two threads over one by the wall clock | $("$bench" thread-caching threads-wall "$rounds" | awk '{print $3}') |"
for engine in arena slab buddy-frames buddy best-fit; do
    echo "| $engine | $("$bench" $engine - "$rounds" | awk '{print $2}') |"
done
