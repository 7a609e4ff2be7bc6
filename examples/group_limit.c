/* Writes argument 1 MiB, a page at a time, and tells what its control group says of it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static long value(const char *name)
{
    char path[512], group[256] = "", text[64] = "";
    int own = open("/proc/self/cgroup", O_RDONLY);
    if (own < 0 || read(own, group, sizeof group - 1) < 0)
        return -1;
    close(own);
    strtok(group, "\n");
    /* 0::/name */
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/%s", group + 3, name);
    int file = open(path, O_RDONLY);
    if (file < 0 || read(file, text, sizeof text - 1) < 0)
        return -1;
    close(file);
    return atol(text);
}

int main(int argc, char **argv)
{
    long megabytes = argc > 1 ? atol(argv[1]) : 4;
    volatile char *memory = mmap(NULL, megabytes << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (long i = 0; i < megabytes << 20; i += 4096)
        memory[i] = 1;
    /* Without a limit the file says "max". */
    long most = value("memory.max"), current = value("memory.current"), swap = value("memory.swap.current");
    if (most == 0) {
        printf("%ld MiB written, no memory.max\n", megabytes);
        return 0;
    }
    printf("%ld MiB written, memory.max %ld MiB\n", megabytes, most >> 20);
    printf("within the limit: %s; most of the rest is in swap: %s\n", current <= most ? "yes" : "no",
        swap >= (megabytes << 20) - most ? "yes" : "no");
    return 0;
}
