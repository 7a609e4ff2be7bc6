// Touches pages in loops, at random and in phases, on a stack of its own and without the C library: all that it refers to are its own pages, and no
// instruction refers to two of them beyond its own. Ends with a sum of what it read as its exit code.
#define PAGE 4096UL
#define PAGES 96UL

static unsigned char memory[PAGES * PAGE] __attribute__((aligned(4096)));

__attribute__((noreturn)) void _start(void)
{
    register unsigned long sum = 0;
    register unsigned long seed = 88172645463325252UL;

    // Each page is written first: no page of zeroes is shared.
    for (unsigned long page = 0; page < PAGES; page++) {
        memory[page * PAGE] = (unsigned char)page;
    }

    for (unsigned long round = 0; round < 6; round++) {
        // A loop over more than there is room for, a part used often, pages at random.
        for (unsigned long page = 0; page < PAGES; page += 1 + round) {
            sum += memory[page * PAGE]++;
        }

        for (unsigned long i = 0; i < 3000; i++) {
            seed = seed * 6364136223846793005UL + 1442695040888963407UL;
            register unsigned long page = (seed >> 33) % (i % 7 == 0 ? PAGES : 24);
            sum += memory[page * PAGE + 8 * round]++;
        }
    }

    __asm__ volatile("syscall" : : "a"(231UL), "D"(sum & 255) : "rcx", "r11", "memory");
    __builtin_unreachable();
}
