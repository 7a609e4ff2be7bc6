// What smaps says of pages before and after fork, of a child's writes and of files; and which touches count as faults. Relations that hold on every kernel.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define PAGES 32

static void show(const char *what, char *at) {
  static const char *wanted[] = {"Rss:", "Pss:", "Shared_Clean:", "Shared_Dirty:", "Private_Clean:", "Private_Dirty:", "Anonymous:"};
  char line[512], name[64];
  int here = 0;
  FILE *smaps = fopen("/proc/self/smaps", "r");
  printf("%s:", what);
  while (fgets(line, sizeof line, smaps)) {
    unsigned long start, end, kb;
    if (sscanf(line, "%lx-%lx ", &start, &end) == 2) here = start == (uintptr_t)at;
    else if (here && sscanf(line, "%63s %lu kB", name, &kb) == 2)
      for (int i = 0; i < 7; i++) if (!strcmp(name, wanted[i])) printf(" %s%lu", name, kb / 4);
  }
  printf("\n");
  fclose(smaps);
}

static char *map(int flags, int file) {
  mmap(0, 64 * PAGE, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  char *at = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, flags | (file < 0 ? MAP_ANONYMOUS : 0), file, 0);
  madvise(at, PAGES * PAGE, MADV_NOHUGEPAGE);
  mmap(0, 64 * PAGE, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return at;
}

static long faults(void) { struct rusage usage; getrusage(RUSAGE_SELF, &usage); return usage.ru_minflt + usage.ru_majflt; }

static void child(char *at, const char *what, int step) {
  int ready[2], go[2];
  char byte;
  pipe(ready); pipe(go);
  fflush(stdout);
  pid_t process = fork();
  if (process == 0) {
    printf("%s, ", what); show("child", at);
    for (int i = 0; i < 8; i++) at[i * step * PAGE] = 9;
    printf("%s, ", what); show("child has written", at);
    fflush(stdout);
    write(ready[1], "x", 1);
    read(go[0], &byte, 1);
    _exit(0);
  }
  read(ready[0], &byte, 1);
  printf("%s, ", what); show("parent meanwhile", at);
  fflush(stdout);
  write(go[1], "x", 1);
  waitpid(process, 0, 0);
  printf("%s, ", what); show("parent alone", at);
  long before = faults();
  for (int i = 0; i < PAGES; i++) at[i * PAGE] = 3;
  printf("%s, faults of writing all again: %ld\n", what, faults() - before);
  printf("%s, ", what); show("parent wrote", at);
  close(ready[0]); close(ready[1]); close(go[0]); close(go[1]);
}

int main(void) {
  char *at = map(MAP_PRIVATE, -1);
  show("untouched", at);
  volatile char sink;
  for (int i = 0; i < PAGES; i++) sink = at[i * PAGE];
  show("read only", at);
  long before = faults();
  for (int i = 0; i < PAGES; i++) at[i * PAGE] = 1;
  printf("faults of writing: %ld\n", faults() - before);
  show("written", at);
  child(at, "private", 1);

  at = map(MAP_SHARED, -1);
  for (int i = 0; i < PAGES; i++) at[i * PAGE] = 1;
  show("shared, written", at);
  child(at, "shared", 2);

  int memory = memfd_create("memory", 0);
  ftruncate(memory, PAGES * PAGE);
  at = map(MAP_PRIVATE, memory);
  show("memory file, private", at);
  for (int i = 0; i < PAGES; i++) at[i * PAGE] = 1;
  show("memory file, written", at);
  child(at, "memory file", 1);

  // A page paged out and read again is one fault.
  at = map(MAP_PRIVATE, -1);
  memset(at, 1, PAGES * PAGE);
  madvise(at, PAGES * PAGE, MADV_DONTNEED);
  before = faults();
  for (int round = 0; round < 3; round++) for (int i = 0; i < PAGES; i++) at[i * PAGE] = 1;
  printf("faults of three rounds: %ld\n", faults() - before);
  return 0;
}
