// Executes random bytes: random_code SEED ROUNDS PAGES. Each round jumps somewhere into PAGES pages of them and ends by an exception or after a while.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

enum { PAGE = 4096, ROUNDS_PER_FILL = 4096 };

static sigjmp_buf start;
static uint64_t state;
static uint8_t handler_stack[1 << 16];
static volatile long round_number;
static volatile int is_inside;

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void on_signal(int number)
{
    if (is_inside)
        siglongjmp(start, number);
}

// No system calls: their numbers would be random, too.
static void fill(uint8_t *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 8) {
        uint64_t value = next();
        memcpy(at + i, &value, 8);
    }
    for (size_t i = 1; i < bytes; i++)
        if (at[i - 1] == 0x0f && (at[i] == 0x05 || at[i] == 0x34))
            at[i] = 0x1f;
}

int main(int count, char **arguments)
{
    if (count < 4)
        return 2;
    state = strtoull(arguments[1], NULL, 0) * 2654435761u + 1;
    long rounds = atol(arguments[2]);
    size_t bytes = (size_t)atol(arguments[3]) * PAGE;
    uint8_t *code = mmap(NULL, bytes, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t alternate = { .ss_sp = handler_stack, .ss_size = sizeof handler_stack };
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_NODEFER | SA_ONSTACK };
    static const int signals[] = { SIGSEGV, SIGILL, SIGFPE, SIGBUS, SIGTRAP, SIGVTALRM };
    sigaltstack(&alternate, NULL);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &action, NULL);
    struct itimerval limit = { { 0, 0 }, { 0, 500 } };
    while (round_number < rounds) {
        if (round_number++ % ROUNDS_PER_FILL == 0)
            fill(code, bytes);
        uint8_t *entry = code + next() % (bytes - 64);
        is_inside = 0;
        setitimer(ITIMER_VIRTUAL, &limit, NULL);
        if (sigsetjmp(start, 1) == 0) {
            is_inside = 1;
            __asm__ volatile("mov %1, %%rsp\n mov %1, %%rbp\n mov %1, %%rbx\n mov %1, %%rsi\n lea 512(%1), %%rdi\n mov %1, %%r12\n"
                             "mov %2, %%rcx\n mov %%rcx, %%rax\n jmp *%0"
                             : : "r"(entry), "r"(code + bytes / 2), "r"(next() & 0xffff) : "memory");
        }
    }
    puts("done");
    return 0;
}
