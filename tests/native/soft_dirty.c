// Which pages were written since clear_refs forgot it (Documentation/admin-guide/mm/soft-dirty.rst), as bit 55 of pagemap tells.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define PAGES 8

static void clear(const char *what) {
  int file = open("/proc/self/clear_refs", O_WRONLY);
  if (write(file, what, strlen(what)) < 0) perror("clear_refs");
  close(file);
}

static void show(const char *what, char *at, int pages) {
  uint64_t entries[64];
  int file = open("/proc/self/pagemap", O_RDONLY);
  pread(file, entries, pages * 8, (uintptr_t)at / PAGE * 8);
  close(file);
  printf("%s ", what);
  for (int i = 0; i < pages; i++) putchar('0' + (int)(entries[i] >> 55 & 1));
  putchar('\n');
}

static int marked(char *at) {
  char line[512], found = 0, here = 0;
  FILE *smaps = fopen("/proc/self/smaps", "r");
  while (fgets(line, sizeof line, smaps)) {
    unsigned long start, end;
    if (sscanf(line, "%lx-%lx ", &start, &end) == 2) here = start <= (uintptr_t)at && (uintptr_t)at < end;
    if (here && !strncmp(line, "VmFlags:", 8)) found = strstr(line, " sd") != 0;
  }
  fclose(smaps);
  return found;
}

static char *map(int flags, int file, int pages) {
  mmap(0, 64 * PAGE, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  char *at = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, flags | (file < 0 ? MAP_ANONYMOUS : 0), file, 0);
  madvise(at, pages * PAGE, MADV_NOHUGEPAGE);
  mmap(0, 64 * PAGE, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return at;
}

static void stores(const char *what, char *at) {
  volatile char sink;
  show(what, at, PAGES);
  printf("marked %d\n", marked(at));
  for (int i = 0; i < 6; i++) at[i * PAGE] = 1;
  clear("4");
  show("cleared", at, PAGES);
  printf("marked %d\n", marked(at));
  at[PAGE] = 2;
  at[6 * PAGE] = 2;
  sink = at[2 * PAGE];
  sink = at[7 * PAGE];
  show("written 1 6", at, PAGES);
  at[7 * PAGE] = 3;
  show("and 7", at, PAGES);
  clear("1"); clear("2"); clear("3");
  show("references cleared", at, PAGES);
  mprotect(at, PAGES * PAGE, PROT_READ);
  mprotect(at, PAGES * PAGE, PROT_READ | PROT_WRITE);
  show("protected", at, PAGES);
  at[PAGE] = 4;
  at[3 * PAGE] = 4;
  show("and 3", at, PAGES);
  clear("4");
  show("cleared", at, PAGES);
  int zero = open("/dev/zero", O_RDONLY);
  read(zero, at + 4 * PAGE, 10);
  close(zero);
  show("a call wrote 4", at, PAGES);
}

int main(void) {
  char name[] = "soft_dirty_file_XXXXXX";
  int file = mkstemp(name);
  ftruncate(file, PAGES * PAGE);
  stores("private", map(MAP_PRIVATE, -1, PAGES));
  stores("shared", map(MAP_SHARED, -1, PAGES));
  stores("file, private", map(MAP_PRIVATE, file, PAGES));
  stores("file, shared", map(MAP_SHARED, file, PAGES));
  int memory = memfd_create("memory", 0);
  ftruncate(memory, PAGES * PAGE);
  stores("memory file", map(MAP_SHARED, memory, PAGES));

  char *at = map(MAP_PRIVATE, -1, PAGES);
  memset(at, 1, PAGES * PAGE);
  clear("4");
  at[0] = 2; at[2 * PAGE] = 2;
  madvise(at, PAGES * PAGE, MADV_PAGEOUT);
  show("paged out", at, PAGES);
  volatile char sink = at[0] + at[PAGE];
  show("read again", at, PAGES);
  at[3 * PAGE] = 3;
  show("written 3", at, PAGES);
  madvise(at, PAGES * PAGE, MADV_PAGEOUT);
  clear("4");
  show("cleared while out", at, PAGES);
  at[5 * PAGE] = 3;
  show("written 5", at, PAGES);

  fflush(stdout);
  if (fork() == 0) {
    show("child", at, PAGES);
    clear("4");
    at[4 * PAGE] = 1;
    show("child wrote 4", at, PAGES);
    fflush(stdout);
    _exit(0);
  }
  wait(0);
  show("parent", at, PAGES);
  munmap(at + 2 * PAGE, PAGE);
  mmap(at + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  show("a new page makes new", at + 2 * PAGE, 1);
  unlink(name);
  return 0;
}
