// The stack grows to nearly 8 MiB by recursion; with an argument it recurses for ever and dies of SIGSEGV.
#include <stdio.h>
#include <string.h>

static unsigned long descend(int depth, int limit)
{
    volatile char frame[4000];
    memset((char *)frame, depth & 255, sizeof frame);
    if (depth == limit) return frame[17];
    return descend(depth + 1, limit) + (unsigned long)frame[depth % 4000];
}

int main(int argc, char **argv)
{
    (void)argv;
    printf("%lu\n", descend(0, 1900));
    fflush(stdout);
    if (argc > 1) printf("%lu\n", descend(0, 1 << 30));
    return 0;
}
