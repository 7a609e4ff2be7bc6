// Two processes talk through /dev/shm and a memfd: a ring with futex-backed process-shared semaphores.
#define _GNU_SOURCE
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct ring { sem_t filled, empty; int values[32]; unsigned head, tail; };

int main(void)
{
    int file = shm_open("/quire-ring", O_CREAT | O_RDWR | O_TRUNC, 0600);
    if (file < 0 || ftruncate(file, sizeof(struct ring))) return 1;
    struct ring *ring = mmap(0, sizeof *ring, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    sem_init(&ring->filled, 1, 0);
    sem_init(&ring->empty, 1, 32);
    if (fork() == 0) {
        int again = shm_open("/quire-ring", O_RDWR, 0);
        struct ring *mine = mmap(0, sizeof *mine, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0);
        for (int i = 0; i < 5000; i++) {
            sem_wait(&mine->empty);
            mine->values[mine->tail++ % 32] = i * 3;
            sem_post(&mine->filled);
        }
        _exit(0);
    }
    long total = 0;
    for (int i = 0; i < 5000; i++) {
        sem_wait(&ring->filled);
        total += ring->values[ring->head++ % 32];
        sem_post(&ring->empty);
    }
    wait(0);
    shm_unlink("/quire-ring");
    int memory = memfd_create("scratch", 0);
    if (ftruncate(memory, 8192)) return 1;
    char *left = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    char *right = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    left[5000] = 42;
    printf("total %ld alias %d\n", total, right[5000]);
    return 0;
}
