// Every kind of mapping: anonymous and file, private and shared, fixed, with protections, holes, truncation, advice, residence.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL

// Whether the call failed, and with what.
#define REPORT(name, failed) \
    do { \
        errno = 0; \
        int result = (failed); \
        printf("%s %d %s\n", name, result, strerror(errno)); \
    } while (0)

static sigjmp_buf recover;
static volatile int fault_signal, fault_code;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)context;
    fault_signal = signal;
    fault_code = info->si_code;
    siglongjmp(recover, 1);
}

static const char *touch(volatile char *address, int write)
{
    static char text[64];
    if (sigsetjmp(recover, 1)) {
        snprintf(text, sizeof text, "signal %d code %d", fault_signal, fault_code);
        return text;
    }
    if (write) *address = 'w';
    else (void)*address;
    return "fine";
}

static unsigned long sum(const unsigned char *from, size_t bytes)
{
    unsigned long total = 0;
    for (size_t i = 0; i < bytes; i++) total = total * 31 + from[i];
    return total;
}

int main(void)
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &action, 0);
    sigaction(SIGBUS, &action, 0);

    char *anonymous = mmap(0, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("zero %lu\n", sum((unsigned char *)anonymous, 16 * PAGE));
    memset(anonymous, 7, 16 * PAGE);
    munmap(anonymous + 4 * PAGE, 2 * PAGE);
    printf("hole %s\n", touch(anonymous + 4 * PAGE, 0));
    printf("beside hole %s\n", touch(anonymous + 6 * PAGE, 1));
    mprotect(anonymous, PAGE, PROT_READ);
    printf("read-only write %s, read %s\n", touch(anonymous, 1), touch(anonymous, 0));
    mprotect(anonymous, PAGE, PROT_NONE);
    printf("none read %s\n", touch(anonymous, 0));
    mprotect(anonymous, PAGE, PROT_READ | PROT_WRITE);
    printf("back %d\n", anonymous[5]);
    void *fixed = mmap(anonymous + 4 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    printf("fixed %d %d\n", fixed == anonymous + 4 * PAGE, anonymous[4 * PAGE]);
    REPORT("noreplace", mmap(anonymous, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED);

    char name[] = "/tmp/mmap_kinds_XXXXXX";
    int file = mkstemp(name);
    unsigned char bytes[3 * PAGE];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 13 + i / 251);
    if (write(file, bytes, sizeof bytes - 100) < 0) return 1;
    unsigned char *shared = mmap(0, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    unsigned char *private = mmap(0, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    printf("file %lu tail %d\n", sum(shared, 3 * PAGE), shared[3 * PAGE - 1]);
    printf("beyond end %s\n", touch((char *)shared + 3 * PAGE, 0));
    shared[10] = 200;
    private[20] = 201;
    unsigned char read_back[32];
    if (pread(file, read_back, sizeof read_back, 0) != sizeof read_back) return 1;
    printf("coherent %d %d, private sees shared %d, shared sees private %d\n", read_back[10], read_back[20], private[11], shared[20]);
    if (pwrite(file, "HELLO", 5, PAGE) != 5) return 1;
    printf("write seen %.5s\n", shared + PAGE);
    if (ftruncate(file, PAGE + 100)) return 1;
    printf("truncated %s, partial %d\n", touch((char *)shared + 2 * PAGE, 0), shared[PAGE + 200]);
    if (ftruncate(file, 3 * PAGE)) return 1;
    printf("grown %d\n", shared[2 * PAGE]);
    printf("msync %d\n", msync(shared, 3 * PAGE, MS_SYNC));

    unsigned char resident[4];
    char *lazy = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    lazy[PAGE] = 1;
    mincore(lazy, 4 * PAGE, resident);
    printf("resident %d%d%d%d\n", resident[0] & 1, resident[1] & 1, resident[2] & 1, resident[3] & 1);
    madvise(lazy, 4 * PAGE, MADV_DONTNEED);
    printf("dontneed %d\n", lazy[PAGE]);
    REPORT("odd advice", madvise(lazy + 1, PAGE, MADV_DONTNEED));

    int *counter = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 4; i++)
        if (fork() == 0) {
            __atomic_add_fetch(counter, i + 1, __ATOMIC_SEQ_CST);
            _exit(0);
        }
    while (wait(0) > 0) {}
    printf("shared counter %d\n", *counter);
    REPORT("zero length", mmap(0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    REPORT("bad descriptor", mmap(0, PAGE, PROT_READ, MAP_PRIVATE, 77, 0) == MAP_FAILED);
    REPORT("odd offset", mmap(0, PAGE, PROT_READ, MAP_PRIVATE, file, 5) == MAP_FAILED);
    REPORT("munmap odd", munmap(lazy + 5, PAGE));
    unlink(name);
    return 0;
}
