/* Heap calls in an order that the test knows: argument 1 adds a second thread's. */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void *volatile keep;

static void *in_thread(void *unused)
{
    (void)unused;
    keep = malloc(7001);
    free(keep);
    return NULL;
}

int main(int argc, char **argv)
{
    (void)argv;
    void *a = malloc(1001), *b = calloc(7, 143), *c, *d, *e;
    a = realloc(a, 50021);
    if (posix_memalign(&c, 64, 301)) return 1;
    d = aligned_alloc(128, 256);
    e = memalign(32, 77);
    free(b);
    b = realloc(NULL, 33);
    free(NULL);
    if (malloc((size_t)1 << 60)) return 1;
    if (argc > 1) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, in_thread, NULL)) return 1;
        pthread_join(thread, NULL);
    }
    keep = realloc(a, 0);
    free(c);
    free(d);
    free(e);
    free(b);
    _exit(0);
}
