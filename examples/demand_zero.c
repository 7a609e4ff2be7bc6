/* Memory that was asked for has no frames until it is touched. Reading maps the one page of zeros, writing takes a frame. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PageSize = 4096 };

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

/* Pages in RAM, from /proc/self/statm: its second number. */
static long resident(void)
{
    char text[128] = "";
    int file = open("/proc/self/statm", O_RDONLY);
    if (read(file, text, sizeof text - 1) < 0)
        exit(1);
    close(file);
    char *end;
    strtol(text, &end, 10);
    return strtol(end, NULL, 10);
}

static void touch(volatile char *memory, int pages, int write, const char *what)
{
    int sum = 0;
    long before = faults(), frames = resident();
    for (int i = 0; i < pages; i++) {
        if (write)
            memory[i * PageSize] = 1;
        else
            sum += memory[i * PageSize];
    }
    long taken = faults() - before;
    printf("%s: %ld faults, %ld frames\n", what, taken, resident() - frames);
}

int main(void)
{
    char *memory = mmap(NULL, 1000 * PageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    faults(), resident(), printf("1000 pages are mapped\n");
    touch(memory, 100, 0, "reading 100 pages");
    touch(memory, 100, 0, "reading them again");
    touch(memory, 100, 1, "writing those 100");
    touch(memory + 100 * PageSize, 50, 1, "writing 50 others");
    touch(memory, 150, 1, "writing all 150 again");
    madvise(memory, 150 * PageSize, MADV_DONTNEED);
    touch(memory, 150, 1, "writing all 150 after MADV_DONTNEED");
    return 0;
}
