/* Goes round over so many pages, one word in each. Argument 1: pages, 2: rounds, 3: "huge" for memory advised with MADV_HUGEPAGE. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PageSize = 4096, HugeSize = 2 << 20 };

int main(int argc, char **argv)
{
    long pages = argc > 1 ? atol(argv[1]) : 32, rounds = argc > 2 ? atol(argv[2]) : 1000;
    int huge = argc > 3;
    size_t size = ((size_t)pages * PageSize + HugeSize - 1) / HugeSize * HugeSize;
    char *mapped = mmap(NULL, size + HugeSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *memory = (char *)(((uintptr_t)mapped + HugeSize - 1) / HugeSize * HugeSize);
    madvise(memory, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    for (long page = 0; page < pages; page++)
        ((volatile char *)memory)[page * PageSize] = 0;
    for (long round = 0; round < rounds; round++)
        for (long page = 0; page < pages; page++)
            ((volatile char *)memory)[page * PageSize]++;
    printf("%ld pages, %ld rounds\n", pages, rounds);
    return 0;
}
