/* Writes argument 1 pages, then reads them all again in the same order and counts the reads that had to wait for swap. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { PageSize = 4096 };

static long major(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_majflt;
}

int main(int argc, char **argv)
{
    long pages = argc > 1 ? atol(argv[1]) : 2000, wrong = 0;
    char *memory = mmap(NULL, pages * PageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (long page = 0; page < pages; page++)
        memset(memory + page * PageSize, (int)(page % 251), PageSize);
    long before = major();
    for (long page = 0; page < pages; page++)
        wrong += memory[page * PageSize + page % PageSize] != (char)(page % 251);
    printf("%ld pages written and read, %ld wrong\n", pages, wrong);
    fprintf(stderr, "%ld waits for the swap device\n", major() - before);
    return 0;
}
