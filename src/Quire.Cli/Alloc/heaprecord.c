/* Records the heap calls of a dynamically linked program: LD_PRELOAD this library, name the file in QUIRE_RECORD and the process in
 * QUIRE_RECORD_PID. A process keeps its number through exec: the last program it becomes is the one recorded; its children are not.
 * The file is described at RecordingFormat.cs. It is mapped and grown in windows, so that what was written survives a crash or _exit;
 * only the unused end of the last window is left as zeros then. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ALLOCATE = 1, FREE = 2, FROM = 3, TO = 4, WINDOW_RECORDS = 1 << 17 };

struct record {
    uint64_t address;
    uint64_t size;
    uint32_t thread;
    uint32_t operation;
};

static void *(*real_malloc)(size_t);
static void (*real_free)(void *);
static void *(*real_calloc)(size_t, size_t);
static void *(*real_realloc)(void *, size_t);
static void *(*real_memalign)(size_t, size_t);
static int (*real_posix_memalign)(void **, size_t, size_t);
static void *(*real_aligned_alloc)(size_t, size_t);

static int file = -1;
static pid_t owner;
static struct record *window;
static size_t window_used, windows;
static int lock;
static __thread int inside __attribute__((tls_model("initial-exec")));
static __thread uint32_t thread_id __attribute__((tls_model("initial-exec")));

/* dlsym itself allocates before the real functions are known. */
static char early[65536] __attribute__((aligned(16)));
static size_t early_used;

static int is_early(const void *p)
{
    return (const char *)p >= early && (const char *)p < early + sizeof early;
}

static void *early_alloc(size_t size)
{
    size_t at = (early_used + 15) & ~(size_t)15;
    if (size > sizeof early - at) return NULL;
    early_used = at + size;
    return early + at;
}

static void next_window(void)
{
    size_t bytes = WINDOW_RECORDS * sizeof(struct record);
    if (window) munmap(window, bytes);
    window = NULL;
    if (ftruncate(file, (off_t)((windows + 1) * bytes)) == 0) {
        void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, (off_t)(windows * bytes));
        if (p != MAP_FAILED) window = p;
    }
    windows++;
    window_used = 0;
}

static void open_file(void)
{
    const char *path = getenv("QUIRE_RECORD"), *pid = getenv("QUIRE_RECORD_PID");
    if (!path || !pid || atol(pid) != (long)getpid()) return;
    file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return;
    owner = getpid();
    next_window();
    if (window) memcpy(window, "QUIREHP1", 8), window_used = 1;
}

static void stop_in_child(void)
{
    file = -1;
    window = NULL;
}

static void resolve(void)
{
    if (real_malloc) return;
    inside++;
    real_free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
    real_calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
    real_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
    real_memalign = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "memalign");
    real_posix_memalign = (int (*)(void **, size_t, size_t))dlsym(RTLD_NEXT, "posix_memalign");
    real_aligned_alloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "aligned_alloc");
    real_malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    open_file();
    pthread_atfork(NULL, NULL, stop_in_child);
    inside--;
}

static void append(uint32_t operation, const void *address, uint64_t size)
{
    if (window_used == WINDOW_RECORDS) next_window();
    if (!window) return;
    window[window_used++] = (struct record){(uint64_t)(uintptr_t)address, size, thread_id, operation};
}

static void acquire(void)
{
    if (!thread_id) thread_id = (uint32_t)syscall(SYS_gettid);
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) __builtin_ia32_pause();
}

static void release(void)
{
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

static void note(uint32_t operation, const void *address, uint64_t size)
{
    if (inside || file < 0) return;
    int saved = errno;
    acquire();
    append(operation, address, size);
    release();
    errno = saved;
}

void *malloc(size_t size)
{
    if (!real_malloc) {
        if (inside) return early_alloc(size);
        resolve();
    }
    void *p = real_malloc(size);
    if (p) note(ALLOCATE, p, size);
    return p;
}

/* Noted before the block is given back: another thread may get the same address at once. */
void free(void *p)
{
    if (!p || is_early(p)) return;
    resolve();
    note(FREE, p, 0);
    real_free(p);
}

void *calloc(size_t count, size_t size)
{
    if (!real_malloc) {
        size_t bytes;
        if (inside) return __builtin_mul_overflow(count, size, &bytes) ? NULL : early_alloc(bytes);
        resolve();
    }
    void *p = real_calloc(count, size);
    if (p) note(ALLOCATE, p, (uint64_t)count * size);
    return p;
}

/* The lock is held across the call, so that nobody is seen to get the old address before this block has left it. */
void *realloc(void *old, size_t size)
{
    if (is_early(old)) {
        void *p = malloc(size);
        size_t most = (size_t)(early + sizeof early - (char *)old);
        if (p) memcpy(p, old, size < most ? size : most);
        return p;
    }
    if (!old) return malloc(size);
    resolve();
    if (inside || file < 0) return real_realloc(old, size);
    acquire();
    inside++;
    void *p = real_realloc(old, size);
    inside--;
    if (p) {
        append(FROM, old, 0);
        append(TO, p, size);
    } else if (size == 0) {
        append(FREE, old, 0);
    }
    release();
    return p;
}

void *memalign(size_t alignment, size_t size)
{
    resolve();
    void *p = real_memalign(alignment, size);
    if (p) note(ALLOCATE, p, size);
    return p;
}

int posix_memalign(void **result, size_t alignment, size_t size)
{
    resolve();
    int error = real_posix_memalign(result, alignment, size);
    if (!error) note(ALLOCATE, *result, size);
    return error;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    resolve();
    void *p = real_aligned_alloc(alignment, size);
    if (p) note(ALLOCATE, p, size);
    return p;
}

__attribute__((destructor)) static void finish(void)
{
    if (file < 0 || getpid() != owner) return;
    acquire();
    size_t records = (windows - 1) * WINDOW_RECORDS + window_used;
    window = NULL;
    if (ftruncate(file, (off_t)(records * sizeof(struct record))) != 0) { }
    file = -1;
    release();
}
