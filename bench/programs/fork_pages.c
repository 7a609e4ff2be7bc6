// Makes N pages resident, forks F times; each child writes W of the pages (copy-on-write) and exits. Usage: fork_pages N F W
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    size_t pages = argc > 1 ? strtoul(argv[1], 0, 10) : 65536;
    int forks = argc > 2 ? atoi(argv[2]) : 10;
    size_t written = argc > 3 ? strtoul(argv[3], 0, 10) : 0;
    volatile char *memory = mmap(0, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < pages; i++) memory[i * 4096] = 1;
    for (int i = 0; i < forks; i++) {
        if (fork() == 0) {
            for (size_t page = 0; page < written; page++) memory[page * 4096] = 2;
            _exit(0);
        }
        wait(0);
    }
    return 0;
}
