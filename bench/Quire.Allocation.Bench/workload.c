/* The four workloads of the table in docs/performance.md for any malloc: run plain for glibc, with LD_PRELOAD for others.
 * workload NAME [rounds]: prints CPU nanoseconds for one malloc+free (the median of the rounds) and peak RSS growth over live bytes. */
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { LIVE = 100000, WINDOW = 1000, SIZES = 1 << 16, MAX_ROUNDS = 64 };

static uint32_t sizes[SIZES];
static void *live[LIVE];
static uint32_t live_size[LIVE];
static long live_bytes, live_peak;

static uint64_t seed = 42;

static inline uint32_t next(void)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33);
}

/* Inverse of the bounded Pareto distribution 16..4096 with shape 1. */
static void make_sizes(void)
{
    for (int i = 0; i < SIZES; i++) {
        double u = (next() + 0.5) / 2147483648.0;
        double low = 16, high = 4096;
        sizes[i] = (uint32_t)(1 / (1 / low - u * (1 / low - 1 / high)));
    }
}

static inline void *touch(size_t size)
{
    void *p = malloc(size);
    *(volatile uint64_t *)p = size;
    return p;
}

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}

static long resident(void)
{
    long size = 0, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f) {
        if (fscanf(f, "%ld %ld", &size, &pages) != 2) pages = 0;
        fclose(f);
    }
    return pages * 4096;
}

static void pair(long n)
{
    for (long i = 0; i < n; i++) free(touch(64));
}

static void lifo(long n)
{
    static void *stack[1000];
    for (long i = 0; i < n; i += 1000) {
        for (int k = 0; k < 1000; k++) stack[k] = touch(64);
        for (int k = 999; k >= 0; k--) free(stack[k]);
    }
}

static void random_one(long n)
{
    for (long i = 0; i < n; i++) {
        uint32_t k = next() % LIVE;
        free(live[k]);
        live[k] = touch(64);
    }
}

static void mixed(long n)
{
    for (long i = 0; i < n; i++) {
        uint32_t r = next();
        uint32_t k = (i & 15) != 15 ? (uint32_t)(i >> 4) % (LIVE - WINDOW) + r % WINDOW : r % LIVE;
        uint32_t size = sizes[(r >> 11) & (SIZES - 1)];
        free(live[k]);
        live_bytes += (long)size - live_size[k];
        live_size[k] = size;
        if (live_bytes > live_peak) live_peak = live_bytes;
        live[k] = touch(size);
    }
}

static void *stack_thread(void *arg)
{
    static __thread void *slots[1000];
    long n = 10000000;
    double start = cpu();
    for (long i = 0; i < n; i += 1000) {
        for (int k = 0; k < 1000; k++) slots[k] = touch(64);
        for (int k = 999; k >= 0; k--) free(slots[k]);
    }
    *(double *)arg = cpu() - start;
    return 0;
}

static int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "pair";
    int rounds = argc > 2 ? atoi(argv[2]) : 5;
    long n = !strcmp(name, "pair") ? 20000000 : !strcmp(name, "mixed") || !strcmp(name, "random") ? 5000000 : 10000000;
    double results[MAX_ROUNDS];
    make_sizes();
    free(malloc(1));
    if (!strcmp(name, "threads")) {
        double best[3] = {0, 1e9, 1e9};
        for (int round = 0; round < rounds; round++)
            for (int threads = 1; threads <= 2; threads++) {
                pthread_t t[2];
                double spent[2] = {0};
                for (int i = 0; i < threads; i++) pthread_create(&t[i], 0, stack_thread, &spent[i]);
                for (int i = 0; i < threads; i++) pthread_join(t[i], 0);
                best[threads] = fmin(best[threads], fmax(spent[0], spent[1]));
            }
        printf("threads %.2f\n", 2 * best[1] / best[2]);
        return 0;
    }
    memset(live, 1, sizeof live);
    memset(live_size, 1, sizeof live_size);
    long before = resident();
    if (!strcmp(name, "random") || !strcmp(name, "mixed"))
        for (int k = 0; k < LIVE; k++) {
            live_size[k] = !strcmp(name, "mixed") ? sizes[next() & (SIZES - 1)] : 64;
            live[k] = memset(malloc(live_size[k]), 1, live_size[k]);
            live_bytes += live_size[k];
        }
    live_peak = live_bytes;
    for (int round = 0; round < rounds && round < MAX_ROUNDS; round++) {
        double start = cpu();
        if (!strcmp(name, "pair")) pair(n);
        else if (!strcmp(name, "lifo")) lifo(n);
        else if (!strcmp(name, "random")) random_one(n);
        else mixed(n);
        results[round] = (cpu() - start) / n;
    }
    qsort(results, rounds, sizeof *results, order);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%s %.1f %.2f\n", name, results[rounds / 2], live_peak ? (usage.ru_maxrss * 1024.0 - before) / live_peak : 0);
    return 0;
}
