// Writes one byte to each of N fresh pages: N minor faults. Usage: touch_pages N
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
    size_t pages = argc > 1 ? strtoul(argv[1], 0, 10) : 1000;
    volatile char *memory = mmap(0, (pages + 1) * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < pages; i++) memory[i * 4096] = 1;
    return 0;
}
