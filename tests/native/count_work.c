/* Work whose instructions and references are counted by an outside tool, too. No C library and a stack of its own: every address is the
   same wherever it runs. One repeated string instruction of FILL bytes, for tools that count its rounds. */
enum { FILL = 100, NUMBERS = 1500, SIEVE = 8000, STACK = 1 << 16 };

__attribute__((aligned(16), used)) static char stack[STACK];
static int numbers[NUMBERS];
static unsigned char composite[SIEVE];
static unsigned char filled[FILL];
static double samples[64];

__asm__(".globl _start\n"
        "_start:\n"
        "    lea stack + 65536(%rip), %rsp\n"
        "    xor %ebp, %ebp\n"
        "    call work\n"
        "    mov %eax, %edi\n"
        "    mov $231, %eax\n"
        "    syscall\n");

static void sort(int *from, int *to)
{
    while (from < to) {
        int pivot = from[(to - from) / 2];
        int *low = from, *high = to;
        while (low <= high) {
            while (*low < pivot)
                low++;
            while (*high > pivot)
                high--;
            if (low <= high) {
                int held = *low;
                *low++ = *high;
                *high-- = held;
            }
        }
        sort(from, high);
        from = low;
    }
}

__attribute__((used)) static int work(void)
{
    unsigned seed = 1;
    for (int i = 0; i < NUMBERS; i++) {
        seed = seed * 1103515245 + 12345;
        numbers[i] = (int)(seed >> 4) % 100000;
    }
    sort(numbers, numbers + NUMBERS - 1);

    int primes = 0;
    for (int i = 2; i < SIEVE; i++) {
        if (composite[i])
            continue;
        primes++;
        for (int j = i * 2; j < SIEVE; j += i)
            composite[j] = 1;
    }

    double sum = 0;
    for (int i = 0; i < 64; i++)
        samples[i] = (double)numbers[i * 20] / (i + 1);
    for (int i = 0; i < 64; i++)
        sum = sum * 0.5 + samples[i];

    void *at = filled;
    long count = FILL;
    __asm__ volatile("cld; rep stosb" : "+D"(at), "+c"(count) : "a"(7) : "memory");
    return (primes ^ (int)sum ^ numbers[NUMBERS / 2] ^ filled[FILL - 1]) & 0x7F;
}
