/* One file, read and written through two mappings. Prints the faults of each part. Argument 1: pages of the file. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PageSize = 4096 };

static long minor, major;

static void begin(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    minor = usage.ru_minflt;
    major = usage.ru_majflt;
}

static void end(const char *what)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%s: %ld faults\n", what, usage.ru_minflt - minor + usage.ru_majflt - major);
}

static int read_all(volatile char *memory, int pages)
{
    int sum = 0;
    for (int i = 0; i < pages; i++)
        sum += memory[i * PageSize];
    return sum;
}

int main(int argc, char **argv)
{
    int pages = argc > 1 ? atoi(argv[1]) : 40;
    static char page[PageSize];
    printf("a file of %d pages\n", pages);
    int file = open("mapped.bin", O_RDWR | O_CREAT | O_TRUNC, 0600);
    memset(page, 'a', PageSize);
    for (int i = 0; i < pages; i++)
        if (write(file, page, PageSize) != PageSize)
            return 1;
    char *shared = mmap(NULL, pages * PageSize, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    char *private = mmap(NULL, pages * PageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    /* One fault a page: nothing around is mapped along. */
    madvise(shared, pages * PageSize, MADV_RANDOM);
    madvise(private, pages * PageSize, MADV_RANDOM);
    begin(), read_all(shared, pages), end("reading the shared mapping");
    begin(), read_all(private, pages), end("reading the private mapping");
    begin(), private[0] = 'p', end("writing one page of the private mapping");
    shared[0] = 't', shared[PageSize] = 's';
    printf("page 0: the file has %c, the private mapping %c\n", pread(file, page, 1, 0) == 1 ? page[0] : '?', private[0]);
    printf("page 1: the file has %c, the private mapping %c\n", pread(file, page, 1, PageSize) == 1 ? page[0] : '?', private[PageSize]);
    unlink("mapped.bin");
    return 0;
}
