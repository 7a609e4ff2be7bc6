// Uses so many pages (first argument) over and over for so many rounds (second), a little work on each: a working set of known size.
#include <stdio.h>
#include <stdlib.h>

enum { SIZE = 4096 };

int main(int count, char **words)
{
    int pages = atoi(words[1]), rounds = atoi(words[2]);
    unsigned char *memory = malloc((size_t)pages * SIZE);
    unsigned sum = 1;
    for (int round = 0; round < rounds; round++)
        for (int page = 0; page < pages; page++)
            for (int at = 0; at < 600; at++)
                sum = sum * 31 + memory[(size_t)page * SIZE + (sum >> 7) % SIZE]++ % 3;
    printf("%u\n", sum);
    return 0;
}
