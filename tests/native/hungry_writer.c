// Writes to so many pages (first argument) in a random order, round after round (second): all are in use, none may be dropped.
#include <stdlib.h>
#include <sys/mman.h>

int main(int count, char **words)
{
    long pages = atol(words[1]), rounds = atol(words[2]);
    volatile char *memory = mmap(0, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned number = 1;
    for (long round = 0; round < rounds; round++)
        for (long page = 0; page < pages; page++) {
            number = number * 1664525 + 1013904223;
            memory[(number >> 8) % pages * 4096] += page;
            for (volatile int wait = 0; wait < 10; wait++) { }
        }
    return 0;
}
