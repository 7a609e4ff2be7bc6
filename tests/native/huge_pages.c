// Huge pages of both kinds, with what the program sees of them. Prints one line a step.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define HUGE (2UL << 20)

static long line_of(const char *path, const char *name)
{
    char line[256];
    long value = -1;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            sscanf(line + strlen(name), "%*[ :]%ld", &value);
    if (file)
        fclose(file);
    return value;
}

static void show_pool(const char *when)
{
    printf("%s: free %ld, reserved %ld\n", when, line_of("/proc/meminfo", "HugePages_Free"), line_of("/proc/meminfo", "HugePages_Rsvd"));
}

int main(void)
{
    show_pool("start");
    char *pages = mmap(NULL, 3 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | (21 << 26), -1, 0);
    if (pages == MAP_FAILED)
        return perror("mmap"), 1;
    show_pool("mapped");
    for (unsigned long i = 0; i < 3 * HUGE; i += 4096)
        pages[i] = (char)(i >> 12);
    show_pool("touched");
    char *more = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
    printf("two more: %s\n", more == MAP_FAILED ? strerror(errno) : "mapped");
    fflush(stdout);
    if (fork() == 0)
    {
        pages[4096] = 99;
        printf("child: %d %d\n", pages[4096], pages[8192]);
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    printf("parent: %d\n", pages[4096]);
    munmap(pages, 3 * HUGE);
    show_pool("unmapped");

    // Transparent: one page asked for, with a span of its own.
    char *area = mmap(NULL, 4 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *span = (char *)(((unsigned long)area + HUGE - 1) & ~(HUGE - 1));
    madvise(span, HUGE, MADV_HUGEPAGE);
    span[0] = 1;
    printf("AnonHugePages %ld kB\n", line_of("/proc/meminfo", "AnonHugePages"));
    munmap(span + 8192, 4096);
    printf("after a hole: %ld kB, split %ld\n", line_of("/proc/meminfo", "AnonHugePages"), line_of("/proc/vmstat", "thp_split_pmd"));
    return span[0] - 1;
}
