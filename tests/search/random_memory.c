// Random work on memory of every kind, each page's contents known to a second account of it: random_memory SEED STEPS PAGES.
// Prints a sum that depends on the arguments only, or the first page that is not what was written there.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, AREAS = 12, MOST = 4096 };
enum kind { PRIVATE, SHARED, MEMORY_FILE, FILE_PRIVATE, FILE_SHARED, KINDS };

// What a page shows is its own value, or, in a private mapping of a file, the file's while it has none.
struct area {
    uint8_t *at;
    int kind, pages, file, has_file;
    uint32_t own[MOST], of_file[MOST];
    uint8_t is_own[MOST], is_freed[MOST];
};

static struct area areas[AREAS];
static uint64_t state, sum;
static int most_pages;

static uint32_t next(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % below;
}

static void fail(const char *what, struct area *area, int page, uint32_t found, uint32_t wanted)
{
    printf("%s: area %d kind %d page %d of %d: %x, not %x\n", what, (int)(area - areas), area->kind, page, area->pages, found, wanted);
    exit(1);
}

static int is_private_file(struct area *area) { return area->kind == FILE_PRIVATE; }
static uint32_t wanted(struct area *area, int page) { return is_private_file(area) && !area->is_own[page] ? area->of_file[page] : area->own[page]; }

static void put(struct area *area, int page, uint32_t value)
{
    uint32_t *words = (uint32_t *)(area->at + (size_t)page * PAGE);
    words[0] = value;
    words[value % 1022 + 1] = 0;
    words[1023] = value;
    area->own[page] = value;
    area->is_own[page] = 1;
    area->is_freed[page] = 0;
}

static void check(const char *what, struct area *area, int page)
{
    uint32_t *words = (uint32_t *)(area->at + (size_t)page * PAGE), value = wanted(area, page), last = words[1023], first = words[0];
    if (area->is_freed[page] && (first == 0 || last == 0)) {
        // Freed pages hold what they held, or zeroes from some moment on: the second word may go between the two looks, never come back.
        if (words[0] != 0 || words[1023] != 0)
            fail("a freed page came back", area, page, words[0], value);
        return;
    }
    if (first != value)
        fail(what, area, page, first, value);
    if (last != value)
        fail(what, area, page, last, value);
}

static void check_all(const char *what)
{
    for (struct area *area = areas; area < areas + AREAS; area++)
        for (int page = 0; page < area->pages; page++)
            check(what, area, page);
}

static void drop(struct area *area)
{
    if (area->pages && munmap(area->at, (size_t)area->pages * PAGE))
        perror("munmap"), exit(1);
    if (area->has_file)
        close(area->file);
    memset(area, 0, sizeof *area);
}

static void make(struct area *area)
{
    drop(area);
    area->kind = next(KINDS);
    area->pages = 1 + next(most_pages);
    size_t bytes = (size_t)area->pages * PAGE;
    int flags = area->kind == PRIVATE || area->kind == FILE_PRIVATE ? MAP_PRIVATE : MAP_SHARED;
    if (area->kind >= MEMORY_FILE) {
        area->file = area->kind == MEMORY_FILE ? memfd_create("area", 0) : open("random_memory.file", O_RDWR | O_CREAT | O_TRUNC, 0600);
        unlink("random_memory.file");
        area->has_file = 1;
        if (area->file < 0 || ftruncate(area->file, bytes))
            perror("file"), exit(1);
    }
    area->at = mmap(0, bytes, PROT_READ | PROT_WRITE, area->has_file ? flags : flags | MAP_ANONYMOUS, area->has_file ? area->file : -1, 0);
    if (area->at == MAP_FAILED)
        perror("mmap"), exit(1);
}

static void resize(struct area *area)
{
    int pages = 1 + next(most_pages);
    if ((area->kind == SHARED && pages > area->pages) || area->kind == FILE_PRIVATE)
        return;
    // Several regions cannot be moved at once: they are made alike first. Where that does not join private ones, which is up to the kernel, they are copied.
    size_t before = (size_t)area->pages * PAGE, bytes = (size_t)pages * PAGE;
    munlock(area->at, before);
    madvise(area->at, before, MADV_NORMAL);
    madvise(area->at, before, MADV_UNMERGEABLE);
    madvise(area->at, before, MADV_NOHUGEPAGE);
    if (area->has_file && pages > area->pages) {
        if (ftruncate(area->file, (size_t)pages * PAGE))
            perror("ftruncate"), exit(1);
        // What the file holds beyond a mapping that shrank is lost.
        for (int page = area->pages; page < pages; page++)
            if (fallocate(area->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)page * PAGE, PAGE))
                perror("fallocate"), exit(1);
    }
    void *moved = mremap(area->at, before, bytes, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED && area->kind == PRIVATE) {
        moved = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (moved != MAP_FAILED)
            memcpy(moved, area->at, before < bytes ? before : bytes), munmap(area->at, before);
    }
    if (moved == MAP_FAILED)
        perror("mremap"), exit(1);
    area->at = moved;
    for (int page = pages < area->pages ? pages : area->pages; page < MOST; page++)
        area->own[page] = area->of_file[page] = 0, area->is_own[page] = area->is_freed[page] = 0;
    area->pages = pages;
}

static void account(struct area *area, int page, int kind)
{
    if (kind == MADV_POPULATE_WRITE && is_private_file(area) && !area->is_own[page])
        area->own[page] = area->of_file[page], area->is_own[page] = 1;
    if (kind == MADV_DONTNEED && area->kind == PRIVATE)
        area->own[page] = 0, area->is_freed[page] = 0;
    if (kind == MADV_DONTNEED && is_private_file(area))
        area->is_own[page] = 0;
    if (kind == MADV_FREE && area->kind == PRIVATE && area->own[page] != 0)
        area->is_freed[page] = 1;
    if (kind == MADV_REMOVE)
        area->own[page] = 0;
}

// What is refused may have been done for a part: then page after page, each of which is done or refused whole.
static void advise(struct area *area, int first, int pages)
{
    static const int kinds[] = { MADV_DONTNEED, MADV_WILLNEED, MADV_COLD, MADV_PAGEOUT, MADV_FREE, MADV_MERGEABLE, MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_POPULATE_WRITE, MADV_POPULATE_READ, MADV_REMOVE, MADV_SEQUENTIAL, MADV_RANDOM };
    int kind = kinds[next(sizeof kinds / sizeof kinds[0])];
    int is_whole = !madvise(area->at + (size_t)first * PAGE, (size_t)pages * PAGE, kind);
    for (int page = first; page < first + pages; page++)
        if (is_whole || !madvise(area->at + (size_t)page * PAGE, PAGE, kind))
            account(area, page, kind);
}

static void use_file(struct area *area, int page)
{
    uint32_t value = next(0x7fffffff) + 1, words[1024] = { 0 };
    if (!area->has_file)
        return;
    if (pread(area->file, words, PAGE, (off_t)page * PAGE) != PAGE)
        perror("pread"), exit(1);
    uint32_t of_file = is_private_file(area) ? area->of_file[page] : area->own[page];
    if (words[0] != of_file || words[1023] != of_file)
        fail("read", area, page, words[0], of_file);
    memset(words, 0, sizeof words);
    words[0] = words[1023] = value;
    if (pwrite(area->file, words, PAGE, (off_t)page * PAGE) != PAGE)
        perror("pwrite"), exit(1);
    *(is_private_file(area) ? &area->of_file[page] : &area->own[page]) = value;
}

static void in_child(void)
{
    uint64_t seed = state;
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        perror("fork"), exit(1);
    // Both go through the same steps; the child's stores to private memory are its own, those to shared memory are the parent's too.
    state = seed;
    for (int step = 0; step < 30; step++) {
        struct area *area = areas + next(AREAS);
        uint32_t which = next(MOST), value = next(1000) + 1;
        if (!area->pages)
            continue;
        int page = which % area->pages, is_shared = area->kind == SHARED || area->kind == MEMORY_FILE || area->kind == FILE_SHARED;
        if (child == 0)
            put(area, page, value);
        else if (is_shared)
            area->own[page] = value;
    }
    if (child == 0) {
        check_all("in the child");
        fflush(stdout);
        _exit(0);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || status)
        printf("the child ended with %x\n", status), exit(1);
}

static void *in_thread(void *argument)
{
    struct area *area = argument;
    for (int page = 1; page < area->pages; page += 2)
        put(area, page, (uint32_t)page * 31 + 7);
    return 0;
}

static void step(void)
{
    struct area *area = areas + next(AREAS);
    int first = area->pages ? next(area->pages) : 0, pages = area->pages ? 1 + next(area->pages - first) : 0;
    uint32_t what = next(100), value = next(8) ? next(0x7fffffff) + 1 : 77;
    if (!area->pages || what < 4) { make(area); return; }
    if (what < 40) { for (int page = first; page < first + pages; page += 1 + (value & 1)) put(area, page, value); return; }
    if (what < 60) { for (int page = first; page < first + pages; page++) check("looked at", area, page); return; }
    if (what < 64) { resize(area); return; }
    if (what < 78) { advise(area, first, pages); return; }
    if (what < 86) { use_file(area, first); return; }
    if (what < 88) { in_child(); return; }
    if (what < 90) {
        pthread_t thread;
        if (pthread_create(&thread, 0, in_thread, area))
            puts("no thread"), exit(1);
        for (int page = 0; page < area->pages; page += 2)
            put(area, page, value);
        pthread_join(thread, 0);
        return;
    }
    uint8_t *at = area->at + (size_t)first * PAGE;
    size_t bytes = (size_t)pages * PAGE;
    if (what < 93) {
        mprotect(at, bytes, value & 2 ? PROT_READ : PROT_NONE);
        if (value & 2)
            check("read only", area, first);
        if (mprotect(at, bytes, PROT_READ | PROT_WRITE))
            perror("mprotect"), exit(1);
        return;
    }
    if (what < 96) {
        if (bytes > 65536)
            bytes = 65536;
        // To lock a private page of a file is to take a copy of it.
        if (!is_private_file(area) && mlock(at, bytes) == 0 && (value & 3))
            munlock(at, bytes);
        return;
    }
    if (what < 98) { msync(at, bytes, value & 1 ? MS_SYNC : MS_ASYNC); return; }
    drop(area);
}

int main(int count, char **arguments)
{
    if (count < 4)
        return 2;
    state = strtoull(arguments[1], 0, 0) * 2654435761u + 88172645463325252u;
    most_pages = atoi(arguments[3]) < MOST ? atoi(arguments[3]) : MOST;
    for (long at = 0, steps = atol(arguments[2]); at < steps; at++)
        step();
    check_all("at the end");
    for (struct area *area = areas; area < areas + AREAS; area++)
        for (int page = 0; page < area->pages; page++)
            sum = sum * 31 + wanted(area, page);
    printf("%lx\n", (unsigned long)sum);
    return 0;
}
