/*
 * Reads one byte of every page of a file through a mapping, ROUNDS times: with less memory than the file each is a fault that evicts a page.
 * With a third argument, the copies alone: every page is read into one of 16 MiB of frames. Usage: evict_pages FILE ROUNDS [read]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRAMES 4096

int main(int argc, char **argv)
{
    static char frames[FRAMES][4096];
    struct stat status;
    int file = open(argv[1], O_RDONLY);
    if (file < 0 || fstat(file, &status) != 0)
        return 1;
    const volatile unsigned char *bytes = mmap(NULL, status.st_size, PROT_READ, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED || madvise((void *)bytes, status.st_size, MADV_RANDOM) != 0)
        return 1;
    unsigned sum = 0;
    for (int round = atoi(argv[2]); round > 0; round--)
        for (long at = 0; at < status.st_size; at += 4096)
            if (argc > 3)
                sum += pread(file, frames[at / 4096 % FRAMES], 4096, at);
            else
                sum += bytes[at];
    printf("%u\n", sum);
    return 0;
}
