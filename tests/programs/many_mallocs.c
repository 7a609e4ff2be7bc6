// A million small allocations, or as many as the argument says, with random lifetimes, contents checked.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 50000

int main(int count, char **words)
{
    int allocations = count > 1 ? atoi(words[1]) : 1000000;
    static unsigned char *slots[SLOTS];
    static unsigned short sizes[SLOTS];
    unsigned long state = 88172645463325252UL, total = 0;
    for (int i = 0; i < allocations; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        unsigned slot = state % SLOTS;
        if (slots[slot]) {
            for (int j = 0; j < sizes[slot]; j += 16) total += slots[slot][j];
            free(slots[slot]);
        }
        sizes[slot] = (unsigned short)(1 + (state >> 40) % 200);
        slots[slot] = malloc(sizes[slot]);
        memset(slots[slot], (int)(state >> 32), sizes[slot]);
    }
    printf("%lu\n", total);
    return 0;
}
