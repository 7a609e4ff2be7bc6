/* After fork, parent and child share every frame. Who writes first gets a copy. Prints the faults that each part took. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { Pages = 64, PageSize = 4096 };

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

/* Writes a byte in each of the first pages. */
static long faults_of_writing(volatile char *memory, int pages)
{
    long before = faults();
    for (int i = 0; i < pages; i++)
        memory[i * PageSize] = 1;
    long after = faults();
    return after - before;
}

int main(int argc, char **argv)
{
    int written = argc > 1 ? atoi(argv[1]) : 10;
    char *memory = mmap(NULL, Pages * PageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("first writing: %ld faults for %d pages\n", faults_of_writing(memory, Pages), Pages);
    printf("second writing: %ld faults\n", faults_of_writing(memory, Pages));
    fflush(stdout);
    if (fork() == 0) {
        /* Warm: what the child itself touches first, such as its stack and counters, is not counted. */
        faults_of_writing(memory + (Pages - 1) * PageSize, 1);
        printf("the child writes: %ld faults for %d pages\n", faults_of_writing(memory, written), written);
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    faults_of_writing(memory + (Pages - 1) * PageSize, 1);
    printf("the parent writes: %ld faults for %d pages\n", faults_of_writing(memory, Pages - 1), Pages - 1);
    return 0;
}
