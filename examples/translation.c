/* One address in two processes: its indices, and whether both see the same frame before and after the child writes. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* The frame number of a page, from /proc/self/pagemap: bits 0 to 54 of its eight bytes. */
static uint64_t frame_of(volatile char *address)
{
    uint64_t entry = 0;
    int file = open("/proc/self/pagemap", O_RDONLY);
    if (pread(file, &entry, sizeof entry, (off_t)((uintptr_t)address / 4096 * sizeof entry)) != sizeof entry)
        return 0;
    close(file);
    return entry & ((1ull << 55) - 1);
}

int main(void)
{
    uintptr_t address = 0x7f1234567abc;
    volatile char *memory = mmap((void *)(address & ~0xfffull), 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    volatile char *byte = (volatile char *)address;
    (void)memory;
    *byte = 1;
    printf("0x%lx: indices %lu %lu %lu %lu, byte %lu of the page\n", (unsigned long)address, (unsigned long)(address >> 39) & 511,
        (unsigned long)(address >> 30) & 511, (unsigned long)(address >> 21) & 511, (unsigned long)(address >> 12) & 511, (unsigned long)address & 4095);
    uint64_t parent = frame_of(byte);
    printf("the frame is %s\n", parent ? "known" : "hidden");
    fflush(stdout);
    if (fork() == 0) {
        printf("after fork the child sees %s frame\n", frame_of(byte) == parent ? "the same" : "another");
        *byte = 2;
        printf("after it wrote it sees %s frame\n", frame_of(byte) == parent ? "the same" : "another");
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    printf("the parent sees %s frame, and reads %d\n", frame_of(byte) == parent ? "the same" : "another", *byte);
    return 0;
}
