/* 100 pages with argument 1 different contents, given to merging. Waits until as many are shared as can be, then writes 10 of them. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { Pages = 100, PageSize = 4096 };

static long count(const char *name)
{
    char path[128], text[32] = "";
    snprintf(path, sizeof path, "/sys/kernel/mm/ksm/%s", name);
    int file = open(path, O_RDONLY);
    if (file < 0 || read(file, text, sizeof text - 1) < 0)
        return -1;
    close(file);
    return atol(text);
}

static void tell(const char *when)
{
    printf("%s: %ld frames stand for %ld pages more\n", when, count("pages_shared"), count("pages_sharing"));
}

int main(int argc, char **argv)
{
    int contents = argc > 1 ? atoi(argv[1]) : 5;
    char *memory = mmap(NULL, Pages * PageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int page = 0; page < Pages; page++)
        memset(memory + page * PageSize, 1 + page % contents, PageSize);
    madvise(memory, Pages * PageSize, MADV_MERGEABLE);
    struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
    for (int i = 0; i < 500 && count("pages_sharing") < Pages - contents; i++)
        nanosleep(&pause, NULL);
    tell("merged");
    for (int page = 0; page < 10; page++)
        memory[page * PageSize] = 99 - page;
    tell("after writing 10 pages");
    return 0;
}
