/* How much page table memory needs, by how it lies: argument 1: pages, 2: pages from one to the next. Prints VmPTE before and after. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static long table_kilobytes(void)
{
    static char line[256];
    long kilobytes = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, file))
        if (strncmp(line, "VmPTE:", 6) == 0)
            kilobytes = atol(line + 6);
    fclose(file);
    return kilobytes;
}

int main(int argc, char **argv)
{
    size_t pages = argc > 1 ? strtoul(argv[1], NULL, 10) : 512, step = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    /* From the beginning of a span of 512 GiB, so that no table is there yet. */
    char *memory = mmap((void *)0x100000000000, pages * step * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (memory == MAP_FAILED)
        return perror("mmap"), 1;
    madvise(memory, pages * step * 4096, MADV_NOHUGEPAGE);
    table_kilobytes();
    long before = table_kilobytes();
    for (size_t page = 0; page < pages; page++)
        memory[page * step * 4096] = 1;
    printf("%zu pages, one in %zu: %ld KiB of page tables\n", pages, step, table_kilobytes() - before);
    return 0;
}
