/* Touches fresh pages in many ways and prints how many minor faults each way cost, as getrusage counts them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 96 };

static char *next = (char *)0x200000000000;

/* At an address of its own, aligned as huge pages are, but never one. */
static char *map(int flags, int file)
{
    char *at = mmap(next, PAGES * PAGE, PROT_READ | PROT_WRITE, flags | MAP_FIXED, file, 0);
    if (at == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    next += 1 << 21;
    madvise(at, PAGES * PAGE, MADV_NOHUGEPAGE);
    return at;
}

static long minor_faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

static long reads(volatile char *at, int pages)
{
    long before = minor_faults();
    for (int page = 0; page < pages; page++)
        at[page * PAGE];
    return minor_faults() - before;
}

static long writes(volatile char *at, int pages)
{
    long before = minor_faults();
    for (int page = 0; page < pages; page++)
        at[page * PAGE] = 1;
    return minor_faults() - before;
}

/* The pages next to the caller's frame have been touched by others. */
static long stack_growth(void)
{
    volatile char deep[(PAGES + 16) * PAGE];
    long before = minor_faults();
    for (int page = PAGES - 1; page >= 0; page--)
        deep[page * PAGE] = 1;
    return minor_faults() - before;
}

/* KiB of the region at this address that count as resident: the shared zero page does not. */
static long resident(char *at)
{
    char line[512];
    unsigned long start, end;
    long found = -1;
    int inside = 0;
    FILE *maps = fopen("/proc/self/smaps", "r");
    while (maps && found < 0 && fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            inside = (unsigned long)at >= start && (unsigned long)at < end;
        else if (inside)
            sscanf(line, "Rss: %ld", &found);
    if (maps)
        fclose(maps);
    return found;
}

static char filled[PAGES * PAGE];

static void print(const char *what, long faults) { printf("%s: %ld\n", what, faults); }

/* System calls take faults in the caller's name. */
static void print_calls(int file)
{
    int ends[2];
    int zeros = open("/dev/zero", O_RDONLY);
    char *at[6];
    for (int i = 0; i < 6; i++)
        at[i] = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (zeros < 0 || pipe(ends) != 0 || write(ends[1], filled, 16 * PAGE) != 16 * PAGE)
        exit(1);
    long before = minor_faults();
    mlock(at[0], PAGES * PAGE);
    print("mlock", minor_faults() - before);
    before = minor_faults();
    read(zeros, at[1], PAGES * PAGE);
    print("read of /dev/zero", minor_faults() - before);
    before = minor_faults();
    pread(file, at[2], PAGES * PAGE, 0);
    print("read of a file", minor_faults() - before);
    before = minor_faults();
    read(ends[0], at[3], 16 * PAGE);
    print("read of a pipe", minor_faults() - before);
    before = minor_faults();
    madvise(at[4], PAGES * PAGE, MADV_POPULATE_WRITE);
    print("MADV_POPULATE_WRITE", minor_faults() - before);
    before = minor_faults();
    madvise(at[5], PAGES * PAGE, MADV_POPULATE_READ);
    print("MADV_POPULATE_READ", minor_faults() - before);
    before = minor_faults();
    char *populated = mmap(next, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_FIXED, -1, 0);
    next += 1 << 21;
    print("MAP_POPULATE", populated == MAP_FAILED ? -1 : minor_faults() - before);
}

int main(int argc, char **argv)
{
    minor_faults();
    printf("%d pages\n", PAGES);
    char *fresh = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
    print("anonymous, written", writes(fresh, PAGES));
    print("anonymous, written again", writes(fresh, PAGES));
    char *zero = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
    print("anonymous, read", reads(zero, PAGES));
    print("anonymous, read, resident", resident(zero));
    print("anonymous, written after read", writes(zero, PAGES));
    madvise(zero, PAGES * PAGE, MADV_DONTNEED);
    print("anonymous, written after MADV_DONTNEED", writes(zero, PAGES));
    print("shared anonymous, written", writes(map(MAP_SHARED | MAP_ANONYMOUS, -1), PAGES));
    print("populated, written", writes(map(MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1), PAGES));
    print("stack, grown", stack_growth());

    int file = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (int page = 0; page < PAGES; page++)
        if (write(file, fresh, PAGE) != PAGE)
            return 1;
    char *private = map(MAP_PRIVATE, file);
    print("private file, written", writes(private, PAGES));
    char *copied = map(MAP_PRIVATE, file);
    print("private file, read", reads(copied, PAGES));
    print("private file, written after read", writes(copied, PAGES));
    print("shared file, read", reads(map(MAP_SHARED, file), PAGES));
    print("shared file, written", writes(map(MAP_SHARED, file), PAGES));

    print_calls(file);

    fflush(stdout);
    if (fork() == 0) {
        minor_faults();
        long first = writes(fresh, PAGES), second = writes(fresh, PAGES);
        print("child, written after fork", first);
        print("child, written again", second);
        print("child, read", reads(private, PAGES));
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    print("parent, written after the child's end", writes(fresh, PAGES));
    print("parent, written again", writes(fresh, PAGES));
    return 0;
}
