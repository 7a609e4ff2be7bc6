// Touches one word of each page of 8 MiB, again and again: where RAM is smaller, hardly an instruction gets done between two faults.
#include <stdio.h>
#include <sys/mman.h>

#define PAGES 2048

int main(void)
{
    volatile unsigned long *words = mmap(0, PAGES * 4096UL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned long sum = 0;
    for (unsigned long page = 0; page < PAGES; page++) words[page * 512 + page % 512] = page * 77 + 1;
    for (int round = 0; round < 8; round++) {
        for (unsigned long page = 0; page < PAGES; page++) sum = sum * 31 + words[page * 512 + page % 512];
    }
    printf("%lu\n", sum);
    return 0;
}
