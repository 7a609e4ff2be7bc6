// Two processes that do not fit into memory together: pressure_relief watch|ignore PRESSURE_FILE CACHE_MIB HOG_MIB.
// One fills a cache, the other then as much memory as it was told. With "watch", the first polls a trigger of memory pressure and gives its
// cache back when told; with "ignore" it sleeps. Prints how the other one ended and whether the first was told.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile char *fill(long mebibytes)
{
    char *block = mmap(0, mebibytes << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED)
        return perror("mmap"), NULL;
    for (long at = 0; at < mebibytes << 20; at += 4096)
        block[at] = (char)(at >> 12 | 1);
    return block;
}

static int hog(long mebibytes)
{
    volatile char *block = fill(mebibytes);
    if (!block)
        return 2;
    for (long at = 0; at < mebibytes << 20; at += 4096)
        if (block[at] != (char)(at >> 12 | 1))
            return 3;
    return 0;
}

int main(int count, char **arguments)
{
    if (count < 5)
        return 2;
    int watches = !strcmp(arguments[1], "watch"), go[2], status = 0, told = 0;
    long cached = atol(arguments[3]), wanted = atol(arguments[4]);
    if (pipe(go) < 0)
        return perror("pipe"), 2;
    pid_t child = fork();
    if (child == 0) {
        char word;
        return read(go[0], &word, 1) == 1 ? hog(wanted) : 2;
    }

    volatile char *cache = fill(cached);
    int file = open(arguments[2], O_RDWR);
    const char trigger[] = "some 200000 1000000";
    if (!cache || file < 0 || write(file, trigger, sizeof trigger) < 0)
        return perror(arguments[2]), 2;
    if (write(go[1], "x", 1) != 1)
        return 2;
    if (watches) {
        struct pollfd entry = { file, POLLPRI, 0 };
        told = poll(&entry, 1, 20000) == 1 && entry.revents == POLLPRI;
        munmap((void *)cache, cached << 20);
    }
    waitpid(child, &status, 0);
    printf("%s %d, told %d\n", WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), told);
    return 0;
}
