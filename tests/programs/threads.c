// Producers and consumers over a bounded queue: mutexes, condition variables, barriers, thread-local storage, once, timed waits.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ITEMS 20000
static int queue[64], head, tail, filled;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER, not_empty = PTHREAD_COND_INITIALIZER;
static __thread long mine;
static long sums[4];
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int initialised;
static sem_t semaphore;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static void initialise(void) { initialised++; }

static void *produce(void *argument)
{
    (void)argument;
    pthread_once(&once, initialise);
    for (int i = 1; i <= ITEMS; i++) {
        pthread_mutex_lock(&lock);
        while (filled == 64) pthread_cond_wait(&not_full, &lock);
        queue[tail] = i;
        tail = (tail + 1) % 64;
        filled++;
        pthread_cond_signal(&not_empty);
        pthread_mutex_unlock(&lock);
    }
    return 0;
}

static void *consume(void *argument)
{
    long index = (long)argument;
    pthread_once(&once, initialise);
    for (int i = 0; i < ITEMS; i++) {
        pthread_mutex_lock(&lock);
        while (filled == 0) pthread_cond_wait(&not_empty, &lock);
        mine += queue[head];
        head = (head + 1) % 64;
        filled--;
        pthread_cond_signal(&not_full);
        pthread_mutex_unlock(&lock);
    }
    sums[index] = mine;
    pthread_barrier_wait(&barrier);
    sem_post(&semaphore);
    pthread_rwlock_rdlock(&rwlock);
    pthread_rwlock_unlock(&rwlock);
    return (void *)(index * 10);
}

int main(void)
{
    pthread_t producers[2], consumers[2];
    pthread_barrier_init(&barrier, 0, 2);
    sem_init(&semaphore, 0, 0);
    for (long i = 0; i < 2; i++) pthread_create(&consumers[i], 0, consume, (void *)i);
    for (long i = 0; i < 2; i++) pthread_create(&producers[i], 0, produce, 0);
    long results = 0;
    for (int i = 0; i < 2; i++) pthread_join(producers[i], 0);
    for (int i = 0; i < 2; i++) {
        void *result;
        pthread_join(consumers[i], &result);
        results += (long)result;
    }
    sem_wait(&semaphore);
    sem_wait(&semaphore);
    printf("sum %ld results %ld once %d own %ld\n", sums[0] + sums[1], results, initialised, mine);
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_nsec += 20000000;
    if (deadline.tv_nsec >= 1000000000) { deadline.tv_sec++; deadline.tv_nsec -= 1000000000; }
    pthread_mutex_lock(&lock);
    printf("timed wait %d\n", pthread_cond_timedwait(&not_empty, &lock, &deadline) == ETIMEDOUT);
    pthread_mutex_unlock(&lock);
    printf("trylock %d\n", pthread_mutex_trylock(&lock));
    return 0;
}
