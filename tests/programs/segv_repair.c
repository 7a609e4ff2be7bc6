// A SIGSEGV handler that maps the missing page and returns; the instruction restarts. On an alternate stack, with siginfo checked.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define PAGE 4096UL
static char *area;
static int repairs, write_faults, on_alternate;
static char alternate[65536];

static void repair(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    char *page = (char *)((unsigned long)info->si_addr & ~(PAGE - 1));
    char here;
    if (&here >= alternate && &here < alternate + sizeof alternate) on_alternate++;
    if (((ucontext_t *)context)->uc_mcontext.gregs[REG_ERR] & 2) write_faults++;
    repairs++;
    mprotect(page, PAGE, PROT_READ | PROT_WRITE);
    page[1] = (char)repairs;
}

int main(void)
{
    stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate };
    sigaltstack(&stack, 0);
    struct sigaction action = { .sa_sigaction = repair, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigaction(SIGSEGV, &action, 0);
    area = mmap(0, 64 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int total = 0;
    for (int i = 0; i < 64; i++) {
        if (i & 1) area[i * PAGE] = (char)i;
        else total += area[i * PAGE + 1];
    }
    memset(area, 3, 64 * PAGE);
    printf("repairs %d writes %d alternate %d total %d\n", repairs, write_faults, on_alternate, total);
    return 0;
}
