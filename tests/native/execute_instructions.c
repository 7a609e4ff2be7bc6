// Runs single instructions on the host's own CPU with a given state and reports the state behind them: the reference of the differential tester.
//
// Guest pages lie at fixed addresses, the same as in the tester's page tables. Each case is entered by returning from a signal handler with the
// case's registers in the signal frame, and left by the signal that its int3 (or its fault) raises, so that no code of ours runs in between and
// any state survives. Only the stack pointer is loaded by two instructions in front of the case: some hosts (paravirtual guests) answer a return from the
// kernel with a non-canonical one by a protection fault. For the same reason a case that ends in one is run again: a timer tick may have fallen in.
// Input and output: batches of the structures below, on stdin and stdout.

#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

enum {
    CODE_BYTES = 0x2000,
    DATA_BYTES = 0x4000,
    READ_ONLY_BYTES = 0x1000,
    STACK_BYTES = 0x2000,
    FX_BYTES = 416,
    MAXIMUM_CHANGES = 4096,
};

#define CODE_ADDRESS 0x10000000ULL
#define DATA_ADDRESS 0x20000000ULL
#define STACK_ADDRESS 0x30000000ULL

// Where a random address or bit offset hardly ever leads: the simulated processor has no such page.
#define ENTRY_ADDRESS 0x6b5d3000ULL

// mov rsp, imm64; jmp rel32
enum { ENTRY_BYTES = 15, GENERAL_PROTECTION = 13 };

struct machine_state {
    uint64_t general[16];
    uint64_t rip;
    uint64_t flags;
    uint8_t fx[FX_BYTES];
};

struct request {
    struct machine_state state;
    uint64_t code_address;
    uint64_t patch_address;
    uint32_t code_bytes;
    uint32_t patch_bytes;
    uint8_t code[32];
    uint8_t patch[512];
};

struct response {
    struct machine_state state;
    uint64_t fault_address;
    uint32_t trap;
    uint32_t error;
    uint64_t changes;
};

struct change {
    uint64_t address;
    uint64_t value;
};

// Encoding order to the order of the signal frame.
static const int frame_register[16] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
    REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
};

static uint8_t *code_alias;
static uint8_t data_pristine[DATA_BYTES];
static uint8_t stack_pristine[STACK_BYTES];

static struct request *requests;
static uint32_t request_count;
static uint32_t current;
static int is_running;
static int was_retried;
static mcontext_t host_registers;
static uint8_t host_fx[FX_BYTES];
static struct change changes[MAXIMUM_CHANGES];

static void fail(const char *what)
{
    fprintf(stderr, "execute_instructions: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void read_fully(void *into, size_t bytes)
{
    if (bytes != 0 && fread(into, bytes, 1, stdin) != 1) {
        exit(feof(stdin) ? 0 : 2);
    }
}

static void write_fully(const void *from, size_t bytes)
{
    if (bytes != 0 && fwrite(from, bytes, 1, stdout) != 1) {
        fail("write");
    }
}

// The code pages are mapped a second time to write them; the guest sees them read-only.
static void map_guest(void)
{
    int file = memfd_create("code", 0);
    if (file < 0 || ftruncate(file, CODE_BYTES) != 0) {
        fail("memfd");
    }

    code_alias = mmap(NULL, CODE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    void *code = mmap((void *)CODE_ADDRESS, CODE_BYTES, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_POPULATE, file, 0);
    void *data = mmap((void *)DATA_ADDRESS, DATA_BYTES + READ_ONLY_BYTES, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_POPULATE, -1, 0);
    void *stack = mmap((void *)STACK_ADDRESS, STACK_BYTES, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_POPULATE, -1, 0);
    void *entry = mmap((void *)ENTRY_ADDRESS, 0x1000, PROT_READ | PROT_WRITE | PROT_EXEC,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_POPULATE, -1, 0);
    if (entry != (void *)ENTRY_ADDRESS || code_alias == MAP_FAILED || code != (void *)CODE_ADDRESS || data != (void *)DATA_ADDRESS || stack != (void *)STACK_ADDRESS) {
        fail("mmap");
    }

    memset(code_alias, 0xCC, CODE_BYTES);
    read_fully(data_pristine, DATA_BYTES);
    read_fully((void *)(DATA_ADDRESS + DATA_BYTES), READ_ONLY_BYTES);
    read_fully(stack_pristine, STACK_BYTES);
    memcpy((void *)DATA_ADDRESS, data_pristine, DATA_BYTES);
    memcpy((void *)STACK_ADDRESS, stack_pristine, STACK_BYTES);
    if (mprotect((void *)(DATA_ADDRESS + DATA_BYTES), READ_ONLY_BYTES, PROT_READ) != 0) {
        fail("mprotect");
    }
}

static uint64_t collect_changes(uint64_t address, const uint8_t *pristine, size_t bytes, uint64_t count)
{
    uint8_t *live = (uint8_t *)address;
    if (memcmp(live, pristine, bytes) == 0) {
        return count;
    }

    for (size_t at = 0; at < bytes; at += 8) {
        if (memcmp(live + at, pristine + at, 8) != 0) {
            changes[count].address = address + at;
            memcpy(&changes[count].value, live + at, 8);
            count++;
        }
    }

    memcpy(live, pristine, bytes);
    return count;
}

static void report(const ucontext_t *context)
{
    struct response response;
    memset(&response, 0, sizeof response);
    const greg_t *registers = context->uc_mcontext.gregs;
    for (int i = 0; i < 16; i++) {
        response.state.general[i] = (uint64_t)registers[frame_register[i]];
    }

    response.state.rip = (uint64_t)registers[REG_RIP];
    response.state.flags = (uint64_t)registers[REG_EFL];
    memcpy(response.state.fx, context->uc_mcontext.fpregs, FX_BYTES);
    response.trap = (uint32_t)registers[REG_TRAPNO];
    response.error = (uint32_t)registers[REG_ERR];
    response.fault_address = response.trap == 14 ? (uint64_t)registers[REG_CR2] : 0;
    response.changes = collect_changes(DATA_ADDRESS, data_pristine, DATA_BYTES, 0);
    response.changes = collect_changes(STACK_ADDRESS, stack_pristine, STACK_BYTES, response.changes);
    write_fully(&response, sizeof response);
    write_fully(changes, response.changes * sizeof changes[0]);
    const struct request *request = &requests[current];
    memset(code_alias + (request->code_address - CODE_ADDRESS), 0xCC, request->code_bytes);
}

static void enter(ucontext_t *context, const struct request *request)
{
    memcpy((void *)request->patch_address, request->patch, request->patch_bytes);
    memcpy(code_alias + (request->code_address - CODE_ADDRESS), request->code, request->code_bytes);
    greg_t *registers = context->uc_mcontext.gregs;
    for (int i = 0; i < 16; i++) {
        registers[frame_register[i]] = (greg_t)request->state.general[i];
    }

    uint8_t *entry = (uint8_t *)ENTRY_ADDRESS;
    int32_t distance = (int32_t)(request->state.rip - (ENTRY_ADDRESS + ENTRY_BYTES));
    memcpy(entry, "\x48\xbc", 2);
    memcpy(entry + 2, &request->state.general[4], 8);
    entry[10] = 0xe9;
    memcpy(entry + 11, &distance, 4);
    registers[REG_RSP] = STACK_ADDRESS + STACK_BYTES / 2;
    registers[REG_RIP] = (greg_t)ENTRY_ADDRESS;
    registers[REG_EFL] = (greg_t)request->state.flags;

    // The frame's extended header follows the 512-byte image: its first word names the components to load from it.
    uint8_t *frame = (uint8_t *)context->uc_mcontext.fpregs;
    uint32_t mask;
    memcpy(&mask, frame + 28, 4);
    memcpy(frame, request->state.fx, FX_BYTES);
    memcpy(frame + 28, &mask, 4);
    uint64_t components;
    memcpy(&components, frame + 512, 8);
    components |= 3;
    memcpy(frame + 512, &components, 8);
}

static void on_signal(int number, siginfo_t *info, void *argument)
{
    (void)number;
    (void)info;
    ucontext_t *context = argument;
    if (is_running && context->uc_mcontext.gregs[REG_TRAPNO] == GENERAL_PROTECTION && !was_retried) {
        was_retried = 1;
        collect_changes(DATA_ADDRESS, data_pristine, DATA_BYTES, 0);
        collect_changes(STACK_ADDRESS, stack_pristine, STACK_BYTES, 0);
    } else if (is_running) {
        report(context);
        was_retried = 0;
        current++;
    } else {
        memcpy(&host_registers, &context->uc_mcontext, sizeof host_registers);
        memcpy(host_fx, context->uc_mcontext.fpregs, FX_BYTES);
        is_running = 1;
    }

    if (current < request_count) {
        enter(context, &requests[current]);
        return;
    }

    is_running = 0;
    memcpy(context->uc_mcontext.gregs, host_registers.gregs, sizeof host_registers.gregs);
    memcpy(context->uc_mcontext.fpregs, host_fx, FX_BYTES);
}

int main(void)
{
    map_guest();
    static uint8_t handler_stack[1 << 16];
    stack_t alternate = { .ss_sp = handler_stack, .ss_size = sizeof handler_stack };
    struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    if (sigaltstack(&alternate, NULL) != 0) {
        fail("sigaltstack");
    }

    static const int signals[] = { SIGUSR1, SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE };
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        if (sigaction(signals[i], &action, NULL) != 0) {
            fail("sigaction");
        }
    }

    for (;;) {
        read_fully(&request_count, sizeof request_count);
        requests = realloc(requests, (request_count + 1) * sizeof *requests);
        if (requests == NULL) {
            fail("realloc");
        }

        read_fully(requests, request_count * sizeof *requests);
        current = 0;

        // A case that never ends ends the process, which the tester reports with the batch. In processor time: the host may be busy.
        struct itimerval limit = { .it_value = { .tv_sec = 20 } }, none = { 0 };
        setitimer(ITIMER_PROF, &limit, NULL);
        raise(SIGUSR1);
        setitimer(ITIMER_PROF, &none, NULL);
        fflush(stdout);
    }
}
