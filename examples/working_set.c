/* Phases: argument 1 pages are used in turn for a while, then as many others, and so on. Argument 2: rounds a phase, 3: phases. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
    long pages = argc > 1 ? atol(argv[1]) : 200, rounds = argc > 2 ? atol(argv[2]) : 50, phases = argc > 3 ? atol(argv[3]) : 4;
    long sum = 0;
    volatile char *memory = mmap(NULL, phases * pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (long phase = 0; phase < phases; phase++)
        for (long round = 0; round < rounds; round++)
            for (long page = 0; page < pages; page++)
                sum += ++memory[(phase * pages + page) * 4096];
    printf("%ld pages a phase, %ld phases, sum %ld\n", pages, phases, sum);
    return 0;
}
