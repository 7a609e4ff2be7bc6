/* Reads one byte of each of PAGES pages that lie STRIDE pages apart, PASSES times over: page_strides PAGES STRIDE PASSES. No C library; the
   inner loop has no other data reference than these. */
enum { PAGE = 4096, AREA = 64 * 512 * PAGE };

__attribute__((aligned(1 << 21), used)) static char area[AREA];

__asm__(".globl _start\n"
        "_start:\n"
        "    mov %rsp, %rdi\n"
        "    call read_pages\n"
        "    xor %edi, %edi\n"
        "    mov $231, %eax\n"
        "    syscall\n");

static long number(const char *text)
{
    long value = 0;
    while (*text)
        value = value * 10 + *text++ - '0';
    return value;
}

__attribute__((used)) static void read_pages(char **stack)
{
    long pages = number(stack[2]), step = number(stack[3]) * PAGE, passes = number(stack[4]);
    for (long page = 0; page < pages; page++)
        ((volatile char *)area)[page * step] = 1;
    __asm__ volatile("1:  mov %[area], %%rdi\n"
                     "    mov %[pages], %%rcx\n"
                     "2:  mov (%%rdi), %%al\n"
                     "    add %[step], %%rdi\n"
                     "    dec %%rcx\n"
                     "    jnz 2b\n"
                     "    dec %[passes]\n"
                     "    jnz 1b\n"
                     : [passes] "+r"(passes)
                     : [area] "r"((long)area), [pages] "r"(pages), [step] "r"(step)
                     : "rax", "rcx", "rdi", "memory");
}
