/* Two children: a large one and a small one. The argument is the large one's oom_score_adj. The parent takes memory until somebody is killed. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MiB = 1 << 20 };

static void adjust(const char *value)
{
    int file = open("/proc/self/oom_score_adj", O_WRONLY);
    if (write(file, value, strlen(value)) < 0)
        perror("oom_score_adj");
    close(file);
}

static void fill(volatile char *memory, int megabytes)
{
    for (int i = 0; i < megabytes * MiB; i += 4096)
        memory[i] = 1;
}

static pid_t hold(int megabytes, const char *adjustment)
{
    int ready[2];
    char byte = 0;
    if (pipe(ready))
        exit(1);
    pid_t child = fork();
    if (child == 0) {
        adjust(adjustment);
        fill(malloc(megabytes * MiB), megabytes);
        if (write(ready[1], &byte, 1) != 1)
            exit(1);
        for (;;)
            pause();
    }
    if (read(ready[0], &byte, 1) != 1)
        exit(1);
    return child;
}

int main(int argc, char **argv)
{
    adjust("-1000");
    pid_t large = hold(24, argc > 1 ? argv[1] : "0"), small = hold(8, "0");
    int status;
    pid_t killed = 0;
    for (int taken = 0; killed == 0 && taken < 64; taken++) {
        char *more = mmap(NULL, MiB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        fill(more, 1);
        killed = waitpid(-1, &status, WNOHANG);
    }
    printf("killed: the %s one\n", killed == large ? "large" : killed == small ? "small" : "missing");
    kill(large, SIGKILL);
    kill(small, SIGKILL);
    return 0;
}
