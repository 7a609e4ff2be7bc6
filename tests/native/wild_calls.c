// Calls every system call with arguments that no sane program gives. Only for the inside of Quire: natively it could do harm.
//   wild_calls every          each number with each wild value in each of a few shapes
//   wild_calls random SEED N  N calls of random numbers with random arguments, 200 a process so that state builds up
// Children make the calls; the parent replaces those that die and ends those that hang. Prints how many calls were made.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NUMBERS = 452, PAGE = 4096, SHAPES = 6, CALLS_A_CHILD = 200, LAST_DESCRIPTOR = 16 };

struct shared { volatile long next; volatile long calls; };

static struct shared *shared;
static uint64_t wild[64];
static int wild_count;
static uint64_t path, buffer;
static volatile pid_t child;

// No libc here: the thread pointer and the heap may be gone.
static inline long raw(long n, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    long result;
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    register uint64_t r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return result;
}

static void add(uint64_t value) { wild[wild_count++] = value; }

static void prepare(void)
{
    char *three = mmap(0, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(three, 'x', 2 * PAGE);
    munmap(three + 2 * PAGE, PAGE);
    mprotect(three + PAGE, PAGE, PROT_READ);
    char *edge = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(edge + PAGE, PAGE);
    char *none = mmap(0, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int file = open("wild-file", O_RDWR | O_CREAT, 0600);
    ftruncate(file, PAGE);
    char *beyond = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    char *valid = mmap(0, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    buffer = (uint64_t)valid;
    strcpy(valid + PAGE, "wild-file");
    path = (uint64_t)(valid + PAGE);
    add(0); add(1); add(8); add(PAGE); add(0x7ffffffff000); add(0x7fffffffeffc); add(0x800000000000); add(0x8000000000000000);
    add(0xffff888000000000); add(0xfffffffffffff000); add(UINT64_MAX); add(0xffffffff); add(0x7fffffff); add(INT64_MAX); add(0x80000000);
    add((uint64_t)three + PAGE); add((uint64_t)three + PAGE - 4); add((uint64_t)edge + PAGE - 1); add((uint64_t)edge + PAGE - 4);
    add((uint64_t)edge + PAGE - 8); add((uint64_t)none); add((uint64_t)beyond + PAGE); add((uint64_t)beyond + PAGE - 4);
    add((uint64_t)&prepare); add(0x123456789000); add((uint64_t)valid + 1); add(buffer); add(path); add(7); add(16); add(0x1000000); add(UINT64_MAX - 99);
    int ends[2];
    pipe(ends);
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    epoll_create1(0);
    eventfd(0, EFD_NONBLOCK);
    timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    open("/", O_RDONLY | O_DIRECTORY);
    open("/proc/self/maps", O_RDONLY);
    open("/dev/zero", O_RDWR);
    open("/dev/ptmx", O_RDWR);
}

// Not these: they end the program that makes the calls, or all of them, as they should.
static int is_left_out(long number, const uint64_t *a)
{
    switch (number) {
    case SYS_exit: case SYS_exit_group: return 1;
    case SYS_kill: case SYS_rt_sigqueueinfo: case SYS_rt_tgsigqueueinfo: case SYS_tkill: case SYS_tgkill:
        return (int)a[0] <= 1 || (int)a[0] < 100;
    // A limit of processor time set on the first process kills it later, as a signal through a descriptor of it would at once.
    case SYS_prlimit64: case SYS_pidfd_open: return (int)a[0] == 1;
    case SYS_fcntl: return (int)a[1] == F_SETSIG || (int)a[1] == F_SETOWN;
    case SYS_write: case SYS_writev: case SYS_pwrite64: case SYS_pwritev: case SYS_pwritev2: case SYS_sendfile: return (int)a[0] <= 2;
    case SYS_splice: case SYS_copy_file_range: return 1;
    default: return 0;
    }
}

static void call(long number, const uint64_t *a)
{
    struct itimerval second = { { 0, 0 }, { 1, 0 } };
    if (is_left_out(number, a))
        return;
    raw(SYS_setitimer, ITIMER_REAL, (uint64_t)&second, 0, 0, 0, 0);
    __atomic_add_fetch(&shared->calls, 1, __ATOMIC_RELAXED);
    raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void call_shaped(long index)
{
    uint64_t w = wild[index / SHAPES % wild_count];
    long number = index / SHAPES / wild_count;
    uint64_t shapes[SHAPES][6] = {
        { w, w, w, w, w, w }, { 3, w, PAGE, w, w, w }, { path, w, w, w, w, w }, { 3, buffer, w, w, w, w }, { 1, buffer, 1, w, w, 0 }, { w, 64, 3, 0x22, (uint64_t)-1, 0 },
    };
    call(number, shapes[index % SHAPES]);
}

static uint64_t mix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static uint64_t argument(uint64_t *state)
{
    uint64_t r = mix(state);
    switch (r >> 8 & 7) {
    case 0: return wild[(r >> 16) % wild_count];
    case 1: return (r >> 16) % LAST_DESCRIPTOR;
    case 2: return buffer + (r >> 16) % PAGE;
    case 3: return 1ULL << (r >> 16 & 63);
    case 4: return r >> 16 & 0xffff & r >> 32;
    case 5: return path;
    case 6: return buffer + (r >> 16) % (4 * PAGE) / PAGE * PAGE;
    default: return mix(state) >> (r >> 16 & 63);
    }
}

static void call_random(uint64_t seed, long index)
{
    uint64_t state = seed * 1000003 + index, a[6];
    long number = mix(&state) % NUMBERS;
    for (int i = 0; i < 6; i++)
        a[i] = argument(&state);
    // What pointers lead to is random too, small numbers mostly.
    for (int i = 0; i < 16; i++)
        ((volatile uint64_t *)buffer)[i] = argument(&state);
    call(number, a);
}

static void end_child(int signal) { (void)signal; if (child > 0) kill(child, SIGKILL); }

int main(int argc, char **argv)
{
    int random = argc == 4 && !strcmp(argv[1], "random");
    shared = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    prepare();
    uint64_t seed = random ? strtoull(argv[2], 0, 10) : 0;
    long total = random ? atol(argv[3]) : (long)NUMBERS * wild_count * SHAPES;
    struct sigaction action = { .sa_handler = end_child };
    sigaction(SIGALRM, &action, 0);
    while (shared->next < total) {
        child = fork();
        if (child < 0) { perror("fork"); return 1; }
        if (child == 0) {
            signal(SIGALRM, SIG_DFL);
            setpgid(0, 0);
            for (int n = 0; n < CALLS_A_CHILD; n++) {
                long index = __atomic_fetch_add(&shared->next, 1, __ATOMIC_RELAXED);
                if (index >= total)
                    break;
                if (random) call_random(seed, index); else call_shaped(index);
            }
            raw(SYS_exit_group, 0, 0, 0, 0, 0, 0);
        }
        alarm(10);
        while (waitpid(child, 0, 0) < 0 && kill(child, 0) == 0) { }
        alarm(0);
        kill(-child, SIGKILL);
        while (waitpid(-1, 0, WNOHANG) > 0) { }
    }
    printf("%ld calls\n", shared->calls);
    fflush(stdout);
    kill(-1, SIGKILL);
    return 0;
}
