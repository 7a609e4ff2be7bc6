// Every instruction is a store into the page that it lies on: each takes the page's decoded code away. store_into_own_page ROUNDS
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE = 4096, STORES = 1000 };

int main(int count, char **arguments)
{
    uint8_t *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *at = page;
    for (int i = 0; i < STORES; i++) { // mov byte [rdi], i
        *at++ = 0xc6;
        *at++ = 0x07;
        *at++ = (uint8_t)i;
    }
    *at = 0xc3;
    for (long round = count > 1 ? atol(arguments[1]) : 1; round > 0; round--)
        ((void (*)(void *))page)(page + PAGE - 6);
    puts(page[PAGE - 6] == (uint8_t)(STORES - 1) ? "done" : "wrong");
    return 0;
}
