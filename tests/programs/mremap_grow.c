// Growth by mremap, in place, moved and to a fixed place; contents follow.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096UL

// Whether the call failed, and with what.
#define REPORT(name, failed) \
    do { \
        errno = 0; \
        int result = (failed); \
        printf("%s %d %s\n", name, result, strerror(errno)); \
    } while (0)

int main(void)
{
    size_t size = PAGE;
    unsigned char *memory = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memory[0] = 1;
    while (size < 4096 * PAGE) {
        memory = mremap(memory, size, size * 2, MREMAP_MAYMOVE);
        if (memory == MAP_FAILED) return 1;
        for (size_t i = size; i < size * 2; i += PAGE) memory[i] = (unsigned char)(i / PAGE * 7);
        size *= 2;
    }
    unsigned long total = 0;
    for (size_t i = 0; i < size; i++) total = total * 31 + memory[i];
    printf("%zu pages %lx\n", size / PAGE, total);
    memory = mremap(memory, size, 8 * PAGE, 0);
    printf("shrunk %d\n", memory[7 * PAGE]);
    unsigned char *target = mmap(0, 16 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned char *moved = mremap(memory, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target);
    printf("fixed %d %d\n", moved == target, moved[7 * PAGE]);
    REPORT("bad", mremap(moved + 1, PAGE, PAGE, 0) == MAP_FAILED);
    REPORT("unmapped", mremap((void *)0x10000, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
    return 0;
}
