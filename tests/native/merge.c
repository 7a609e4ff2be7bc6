// Two processes with the same 600 pages each: advises merging, waits, prints what is shared, then writes and checks its own copy.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGES = 600, SIZE = 4096 };

static long setting(const char *name)
{
    char path[100];
    long value = -1;
    snprintf(path, sizeof path, "/sys/kernel/mm/ksm/%s", name);
    FILE *file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%ld", &value) != 1)
        exit(3);
    fclose(file);
    return value;
}

int main(void)
{
    unsigned char *memory = mmap(NULL, PAGES * SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    for (int page = 0; page < PAGES; page++)
        memset(memory + page * SIZE, page % 3 + 1, SIZE);
    if (madvise(memory, PAGES * SIZE, MADV_MERGEABLE) != 0)
        return 2;
    if (child == 0) {
        struct timespec rest = { 3, 0 };
        nanosleep(&rest, NULL);
        for (int page = 0; page < PAGES; page++) {
            memory[page * SIZE + 7] = 99;
            for (int other = page + 1; other < PAGES; other++)
                if (memory[other * SIZE + 7] != other % 3 + 1)
                    return 4;
        }
        return 0;
    }

    struct timespec rest = { 2, 0 };
    nanosleep(&rest, NULL);
    printf("shared %ld sharing %ld\n", setting("pages_shared"), setting("pages_sharing"));
    int status;
    wait(&status);
    for (int page = 0; page < PAGES; page++)
        for (int at = 0; at < SIZE; at++)
            if (memory[page * SIZE + at] != page % 3 + 1)
                return 5;
    printf("child %d, mine as before\n", WEXITSTATUS(status));
    return 0;
}
