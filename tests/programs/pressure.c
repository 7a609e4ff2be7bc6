// Writes patterns into every kind of mapping and checks them, over and over: argument 1 is the bytes of each kind in KiB, argument 2 the rounds.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL
#define LOCKED_PAGES 16UL

enum kind { ANON_PRIVATE, ANON_SHARED, FILE_PRIVATE, FILE_SHARED, TMPFS_SHARED, MEMORY_PRIVATE, MOVED, HELD, KINDS };

static const char *names[KINDS] = {
    "anonymous private", "anonymous shared", "file private", "file shared", "tmpfs shared", "memory file private", "mremapped", "partly locked",
};

static size_t pages;
static unsigned char *areas[KINDS];
static unsigned failures;

// What word w of page p holds after the given version was written: some pages are of one value all over, some compress well, some not at all.
static uint64_t pattern(uint64_t kind, uint64_t version, uint64_t page, uint64_t word)
{
    uint64_t seed = (kind + 1) * 0x9E3779B97F4A7C15ULL + version * 0xC2B2AE3D27D4EB4FULL + page * 0x165667B19E3779F9ULL;
    if (page % 4 == 0) return seed;
    if (page % 4 == 1) return word % 64 ? page : seed + word;
    seed += word * 0xD6E8FEB86659FD93ULL;
    seed ^= seed >> 32;
    seed *= 0xD6E8FEB86659FD93ULL;
    return seed ^ (seed >> 32);
}

static void fill(enum kind kind, uint64_t version, size_t first, size_t step)
{
    for (size_t page = first; page < pages; page += step) {
        uint64_t *words = (uint64_t *)(areas[kind] + page * PAGE);
        for (size_t word = 0; word < PAGE / 8; word++) words[word] = pattern(kind, version, page, word);
    }
}

static void check(const char *who, enum kind kind, uint64_t version, size_t first, size_t step)
{
    for (size_t page = first; page < pages; page += step) {
        const uint64_t *words = (const uint64_t *)(areas[kind] + page * PAGE);
        for (size_t word = 0; word < PAGE / 8; word++) {
            if (words[word] != pattern(kind, version, page, word)) {
                printf("%s: %s, version %lu, page %zu, word %zu: %016lx\n", who, names[kind], version, page, word, words[word]);
                failures++;
                break;
            }
        }
    }
}

static int file_of(const char *directory, enum kind kind)
{
    char path[256];
    snprintf(path, sizeof path, "%s/pressure-%d-%d", directory, (int)getpid(), kind);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || ftruncate(file, pages * PAGE)) { perror(path); exit(1); }
    unlink(path);
    return file;
}

static void map(enum kind kind, int flags, int file)
{
    areas[kind] = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, flags, file, 0);
    if (areas[kind] == MAP_FAILED) { perror(names[kind]); exit(1); }
}

// The same file through read and write.
static void check_through_reads(int file, enum kind kind, uint64_t version)
{
    uint64_t words[PAGE / 8];
    for (size_t page = 1; page < pages; page += 7) {
        if (pread(file, words, PAGE, page * PAGE) != PAGE) { perror("pread"); exit(1); }
        for (size_t word = 0; word < PAGE / 8; word++) {
            if (words[word] != pattern(kind, version, page, word)) { printf("read: %s page %zu\n", names[kind], page); failures++; break; }
        }
    }
}

static void grow_by_moving(void)
{
    size_t half = pages / 2 * PAGE;
    areas[MOVED] = mmap(0, half, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    size_t whole = pages;
    pages = half / PAGE;
    fill(MOVED, 0, 0, 1);
    void *wall = mmap(areas[MOVED] + half, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    areas[MOVED] = mremap(areas[MOVED], half, whole * PAGE, MREMAP_MAYMOVE);
    if (areas[MOVED] == MAP_FAILED) { perror("mremap"); exit(1); }
    check("moved", MOVED, 0, 0, 1);
    pages = whole;
    if (wall != MAP_FAILED) munmap(wall, PAGE);
}

// A child sees what was there at the fork, whoever writes after it; shared mappings are one.
static void fork_and_check(uint64_t version)
{
    int go[2];
    fflush(stdout);
    if (pipe(go)) exit(1);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(go[1]);
        if (read(go[0], &byte, 1) < 0) _exit(2);
        check("child", ANON_PRIVATE, version, 0, 1);
        check("child", MOVED, version, 0, 1);
        fill(ANON_PRIVATE, version + 1000, 0, 3);
        check("child's own", ANON_PRIVATE, version + 1000, 0, 3);
        check("child's rest", ANON_PRIVATE, version, 1, 3);
        fill(ANON_SHARED, version + 1, 1, 2);
        fflush(stdout);
        _exit(failures != 0);
    }
    close(go[0]);
    fill(ANON_PRIVATE, version + 1, 0, 2);
    fill(ANON_SHARED, version + 1, 0, 2);
    close(go[1]);
    int status;
    waitpid(child, &status, 0);
    printf("child %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    check("parent's new", ANON_PRIVATE, version + 1, 0, 2);
    check("parent's old", ANON_PRIVATE, version, 1, 2);
    check("shared with the child", ANON_SHARED, version + 1, 0, 1);
}

int main(int count, char **arguments)
{
    pages = (count > 1 ? strtoul(arguments[1], 0, 10) : 1024) * 1024 / PAGE;
    unsigned rounds = count > 2 ? atoi(arguments[2]) : 2;
    int plain = file_of("/var/tmp", FILE_SHARED), private = file_of("/var/tmp", FILE_PRIVATE);
    // tmpfs, which /tmp is too, holds half of RAM at most: in RAM of two kinds' size there is room for one file, exactly. Memory files have no such limit.
    int shared = file_of("/dev/shm", TMPFS_SHARED), copied = memfd_create("pressure", 0);
    if (copied < 0 || ftruncate(copied, pages * PAGE)) { perror("memfd_create"); exit(1); }
    map(ANON_PRIVATE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    map(ANON_SHARED, MAP_SHARED | MAP_ANONYMOUS, -1);
    map(FILE_PRIVATE, MAP_PRIVATE, private);
    map(FILE_SHARED, MAP_SHARED, plain);
    map(TMPFS_SHARED, MAP_SHARED, shared);
    map(MEMORY_PRIVATE, MAP_PRIVATE, copied);
    map(HELD, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (mlock(areas[HELD] + PAGE, LOCKED_PAGES * PAGE)) perror("mlock");
    grow_by_moving();
    for (unsigned round = 0; round < rounds; round++) {
        uint64_t version = round * 10;
        for (int kind = 0; kind < KINDS; kind++) fill(kind, version, 0, 1);
        for (int kind = 0; kind < KINDS; kind++) check("first", kind, version, 0, 1);
        fork_and_check(version);
        for (int kind = KINDS - 1; kind > ANON_SHARED; kind--) {
            fill(kind, version + 2, 1, 5);
            check("changed", kind, version + 2, 1, 5);
            for (size_t other = 2; other < 6; other++) check("unchanged", kind, version, other == 5 ? 0 : other, 5);
            fill(kind, version, 1, 5);
        }
        check_through_reads(plain, FILE_SHARED, version);
        check_through_reads(shared, TMPFS_SHARED, version);
        unsigned char resident[LOCKED_PAGES];
        unsigned held = 0;
        if (mincore(areas[HELD] + PAGE, LOCKED_PAGES * PAGE, resident)) perror("mincore");
        for (size_t page = 0; page < LOCKED_PAGES; page++) held += resident[page] & 1;
        printf("round %u: %u locked pages in RAM, %u failures\n", round, held, failures);
    }
    // What is cut off is gone, what is left is not.
    if (ftruncate(shared, pages / 2 * PAGE + 100)) perror("ftruncate");
    unsigned tail = 0;
    for (size_t byte = 100; byte < PAGE; byte++) tail += areas[TMPFS_SHARED][pages / 2 * PAGE + byte];
    pages /= 2;
    check("kept", TMPFS_SHARED, (rounds - 1) * 10, 0, 1);
    printf("tail %u, %u failures\n", tail, failures);
    return failures != 0;
}
