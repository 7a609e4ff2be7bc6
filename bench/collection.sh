#!/usr/bin/env bash
# The tables of docs/performance.md on collection. Peers: Debian's libgc-dev and glibc in C, .NET's own collector with C# objects, all in interleaved rounds.
# usage: bench/collection.sh [micro|mark|together|pauses|concurrent|programs] [PLAN] [ROUNDS]
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
what=${1:-all} plan=${2:-generational-mark-sweep} rounds=${3:-5}
project=bench/Quire.Collection.Bench
dotnet build "$project" -c Release -v q -p:RunAnalyzers=false >/dev/null
bench=artifacts/bin/Quire.Collection.Bench/release/Quire.Collection.Bench
out=artifacts/collection-bench
mkdir -p "$out"
for part in micro mark together pauses concurrent; do
    if [ "$what" = all ] || [ "$what" = "$part" ]; then "$bench" "$part"; fi
done
[ "$what" = all ] || [ "$what" = programs ] || exit 0

gcc -O2 -o "$out/malloc-peer" "$project/peers.c"
[ -e /usr/include/gc.h ] || { apt-get update -qq && apt-get install -y -qq --no-install-recommends libgc-dev; } >/dev/null
gcc -O2 -DBOEHM -o "$out/boehm-peer" "$project/peers.c" -lgc

# Peak live bytes in this heap's layout: the stretch trees. Heaps of 2 and 4 times that, the array of GCBench included.
median() { sort -n | awk '{ a[NR] = $1 } END { print NR ? a[int((NR + 1) / 2)] : "failed" }'; }
for run in "gcbench 18 gcbench 35M 36700160" "gcbench 18 gcbench 70M 73400320" "trees 20 binary-trees:depth=20 200M 209715200" "trees 20 binary-trees:depth=20 400M 419430400"; do
    read -r peer depth program heap bytes <<<"$run"
    rm -f "$out"/t.*
    for ((i = 0; i < rounds; i++)); do
        "$bench" heap "$plan" "$program" "$heap" 2>/dev/null | cut -f1 >>"$out/t.quire" || true
        "$out/boehm-peer" "$peer" "$depth" "$bytes" 2>/dev/null | cut -f1 >>"$out/t.boehm" || true
        "$out/malloc-peer" "$peer" "$depth" | cut -f1 >>"$out/t.malloc"
        DOTNET_GCHeapHardLimit=$(printf %x "$bytes") "$bench" dotnet "$peer" "$depth" 2>/dev/null | cut -f1 >>"$out/t.dotnet" || true
        DOTNET_gcConcurrent=1 DOTNET_GCHeapHardLimit=$(printf %x "$bytes") "$bench" dotnet "$peer" "$depth" 2>/dev/null | cut -f1 >>"$out/t.dotnet-concurrent" || true
    done
    printf '%s in %s, ms of processor time:' "$program" "$heap"
    for who in quire boehm dotnet dotnet-concurrent malloc; do printf ' %s %s' "$who" "$(median <"$out/t.$who")"; done
    echo
done
