// Random calls that cut and join regions, and what /proc/self/maps shows of the window after each: where regions begin and end is the host's to say.
// Arguments: calls, seed, and a mask of the kinds of calls that are made: 1 map, 2 protect, 4 unmap, 8 advise, 16 lock, 32 move, 64 touch. What a move across
// several regions does changed in Linux 6.17.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define WINDOW 0x640000000000UL
#define PAGES 48UL
static unsigned long long state;
static unsigned below(unsigned n) { state ^= state << 13; state ^= state >> 7; state ^= state << 17; return (state >> 11) % n; }

static void show(int call, const char *what, long result) {
  char line[4096];
  FILE *maps = fopen("/proc/self/maps", "r");
  printf("%d %s %s", call, what, result == -1 ? strerrorname_np(errno) : "ok");
  while (fgets(line, sizeof line, maps)) {
    unsigned long start, end, offset;
    char rights[8];
    if (sscanf(line, "%lx-%lx %7s %lx", &start, &end, rights, &offset) == 4 && start >= WINDOW && start < WINDOW + PAGES * 4096)
      printf(" %lu-%lu%s+%lx", (start - WINDOW) / 4096, (end - WINDOW) / 4096, rights, offset / 4096);
  }
  fclose(maps);
  printf("\n");
}

int main(int argc, char **argv) {
  int calls = atoi(argv[1]), mask = argc > 3 ? atoi(argv[3]) : 0xff, file = memfd_create("merges", 0), other = memfd_create("others", 0);
  state = 88172645463325252ULL + atoi(argv[2]) * 7919ULL;
  for (int i = 0; i < 20; i++) below(2);
  ftruncate(file, 1 << 20);
  ftruncate(other, 1 << 20);
  static const int rights[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC};
  static const int hints[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_DONTFORK, MADV_DOFORK, MADV_DONTDUMP, MADV_DODUMP, MADV_DONTNEED, MADV_WIPEONFORK, MADV_KEEPONFORK};
  for (int i = 0; i < calls; i++) {
    unsigned long first = below(PAGES), length = 1 + below(8);
    if (first + length > PAGES) length = PAGES - first;
    char *at = (char *)(WINDOW + first * 4096);
    int kind = below(10);
    int right = rights[below(5)], hint = hints[below(10)], which = below(6);
    long result;
    if (!(mask >> (kind < 4 ? 0 : kind - 3) & 1)) continue;
    switch (kind) {
    case 0: case 1: case 2: case 3:
      result = which < 3 ? (long)mmap(at, length * 4096, right, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
        : which == 3 ? (long)mmap(at, length * 4096, right, MAP_SHARED | MAP_FIXED, file, first * 4096)
        : which == 4 ? (long)mmap(at, length * 4096, right, MAP_PRIVATE | MAP_FIXED, file, first * 4096)
        : (long)mmap(at, length * 4096, right, MAP_PRIVATE | MAP_FIXED, other, first * 4096);
      show(i, "map", result);
      break;
    case 4: show(i, "protect", mprotect(at, length * 4096, right)); break;
    case 5: show(i, "unmap", munmap(at, length * 4096)); break;
    case 6: show(i, "advise", madvise(at, length * 4096, hint)); break;
    case 7: show(i, which < 3 ? "lock" : "unlock", which < 3 ? mlock2(at, length * 4096, which == 2) : munlock(at, length * 4096)); break;
    case 8: {
      unsigned long to = below(PAGES);
      if (to + length > PAGES) to = PAGES - length;
      show(i, "move", (long)mremap(at, length * 4096, length * 4096, MREMAP_MAYMOVE | MREMAP_FIXED, WINDOW + to * 4096));
      break;
    }
    default:
      for (unsigned long page = 0; page < length; page++) {
        int pipes[2];
        pipe(pipes);
        if (which < 4) read(open("/dev/zero", O_RDONLY | O_CLOEXEC), at + page * 4096, 1); else write(pipes[1], at + page * 4096, 1);
        close(pipes[0]);
        close(pipes[1]);
      }
      for (int fd = 5; fd < 40; fd++) close(fd);
    }
  }
  return 0;
}
