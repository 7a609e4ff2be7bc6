// Ten children write copy-on-write pages; each sees its own bytes, the parent's stay.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES 200
#define PAGE 4096

int main(void)
{
    unsigned char *memory = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < PAGES; i++) memset(memory + i * PAGE, i & 255, PAGE);
    int pipes[10][2];
    for (int child = 0; child < 10; child++) {
        if (pipe(pipes[child])) return 1;
        if (fork() == 0) {
            unsigned long total = 0;
            for (int i = child; i < PAGES; i += 3) memory[i * PAGE + child] = (unsigned char)(child + 100);
            for (int i = 0; i < PAGES * PAGE; i++) total = total * 33 + memory[i];
            if (write(pipes[child][1], &total, sizeof total) != sizeof total) _exit(1);
            _exit(child);
        }
    }
    for (int child = 0; child < 10; child++) {
        unsigned long total;
        if (read(pipes[child][0], &total, sizeof total) != sizeof total) return 1;
        printf("child %d %lx\n", child, total);
    }
    int statuses = 0, status;
    while (wait(&status) > 0) statuses += WEXITSTATUS(status);
    unsigned long total = 0;
    for (int i = 0; i < PAGES * PAGE; i++) total = total * 33 + memory[i];
    printf("parent %lx statuses %d\n", total, statuses);
    return 0;
}
