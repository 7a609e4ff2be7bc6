/* Asks for memory that it never touches, a piece of argument 1 MiB after the other, at most argument 2 of them. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
    size_t piece = (argc > 1 ? strtoul(argv[1], NULL, 10) : 16) << 20;
    int most = argc > 2 ? atoi(argv[2]) : 100, given = 0;
    while (given < most && mmap(NULL, piece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        given++;
    printf("%d of %d pieces of %zu MiB are promised\n", given, most, piece >> 20);
    return 0;
}
