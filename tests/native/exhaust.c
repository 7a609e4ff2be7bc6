// Takes one kind of memory without end: exhaust malloc|private|shared|reserve|regions|pipes, or exhaust file|directories DIRECTORY.
// Prints why it had to stop; natively it would take the machine down with it.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int stop(const char *what) { perror(what); return 1; }

static int map_all(int flags, size_t length, size_t step)
{
    for (;;) {
        char *block = mmap(0, length, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED)
            return stop("mmap");
        for (size_t at = 0; at < length; at += step)
            block[at] = 1;
    }
}

int main(int count, char **arguments)
{
    static char bytes[65536];
    char name[4096];
    const char *kind = count > 1 ? arguments[1] : "";
    const char *directory = count > 2 ? arguments[2] : "/tmp";
    if (!strcmp(kind, "malloc"))
        for (;;) {
            char *block = malloc(100000);
            if (!block)
                return stop("malloc");
            memset(block, 1, 100000);
        }
    if (!strcmp(kind, "private"))
        return map_all(MAP_PRIVATE, 1 << 20, 4096);
    if (!strcmp(kind, "shared"))
        return map_all(MAP_SHARED, 1 << 20, 4096);
    if (!strcmp(kind, "reserve"))
        return map_all(MAP_PRIVATE | MAP_NORESERVE, 1 << 30, 1 << 29);
    if (!strcmp(kind, "regions"))
        for (int n = 0;; n++)
            if (mmap(0, 4096, n % 2 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED)
                return stop("mmap");
    if (!strcmp(kind, "pipes"))
        for (;;) {
            int ends[2];
            if (pipe(ends) < 0)
                return stop("pipe");
            fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
            fcntl(ends[1], F_SETFL, O_NONBLOCK);
            while (write(ends[1], bytes, sizeof bytes) > 0) { }
        }
    if (!strcmp(kind, "file")) {
        snprintf(name, sizeof name, "%s/quire-exhaust", directory);
        int file = open(name, O_CREAT | O_RDWR, 0600);
        while (write(file, bytes, sizeof bytes) > 0) { }
        return stop("write");
    }
    if (!strcmp(kind, "directories"))
        for (int n = 0;; n++) {
            snprintf(name, sizeof name, "%s/quire-%d", directory, n);
            if (mkdir(name, 0700) < 0)
                return stop("mkdir");
        }
    return 2;
}
