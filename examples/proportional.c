/* Who pays for shared pages? 120 pages are written, then children share them. Prints the parent's Rss and Pss of that memory. Arguments: numbers of children. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { Pages = 120, PageSize = 4096 };

/* The Rss and Pss lines of one region of /proc/self/smaps, in KiB. */
static void measure(char *memory, const char *who)
{
    static char line[512];
    char start[32];
    long rss = 0, pss = 0;
    int inside = 0;
    snprintf(start, sizeof start, "%lx-", (unsigned long)memory);
    FILE *file = fopen("/proc/self/smaps", "r");
    while (fgets(line, sizeof line, file)) {
        if (strchr(line, '-') && strchr(line, '-') < strchr(line, ' '))
            inside = strncmp(line, start, strlen(start)) == 0;
        else if (inside && strncmp(line, "Rss:", 4) == 0)
            rss = atol(line + 4);
        else if (inside && strncmp(line, "Pss:", 4) == 0)
            pss = atol(line + 4);
    }
    fclose(file);
    printf("%s: Rss %ld KiB, Pss %ld KiB\n", who, rss, pss);
}

int main(int argc, char **argv)
{
    int children = argc > 1 ? atoi(argv[1]) : 3, written = argc > 2 ? atoi(argv[2]) : 30;
    int ready[2], go[2];
    /* A region of its own: what lies on both sides may not be touched, so nothing joins it. */
    char *reserved = mmap(NULL, (Pages + 2) * PageSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *memory = reserved + PageSize;
    mprotect(memory, Pages * PageSize, PROT_READ | PROT_WRITE);
    memset(memory, 1, Pages * PageSize);
    measure(memory, "alone");
    fflush(stdout);
    if (pipe(ready) || pipe(go))
        return 1;
    for (int i = 0; i < children; i++) {
        if (fork() == 0) {
            char byte = 0;
            if (i == 0)
                memset(memory, 2, written * PageSize);
            if (write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1)
                _exit(1);
            _exit(0);
        }
    }
    for (int i = 0; i < children; i++) {
        char byte;
        if (read(ready[0], &byte, 1) != 1)
            return 1;
    }
    char label[64];
    snprintf(label, sizeof label, "shared with %d, of whom one wrote %d pages", children, written);
    measure(memory, label);
    if (write(go[1], label, children) != children)
        return 1;
    while (wait(NULL) > 0)
        ;
    measure(memory, "alone again");
    return 0;
}
