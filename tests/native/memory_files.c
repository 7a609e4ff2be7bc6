// Files in memory: their size holds for mapped stores and fallocate, holes give memory back, blocks say what is taken. Prints the same on every kernel.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096l

static sigjmp_buf out;
static int got, code;
static void caught(int signal, siginfo_t *info, void *context) { got = signal; code = info->si_code; siglongjmp(out, 1); }

static void store(char *at) {
  got = 0;
  if (!sigsetjmp(out, 1)) *(volatile char *)at = 1;
  if (got) printf("signal %d code %d\n", got, code); else printf("stored\n");
}

static void blocks(const char *what, int file) {
  struct stat status;
  fstat(file, &status);
  printf("%s: size %ld blocks %ld", what, (long)status.st_size, (long)status.st_blocks);
  printf("\n");
}

static void allocate(const char *what, int file, int mode, long offset, long length) {
  errno = 0;
  int result = fallocate(file, mode, offset * PAGE, length * PAGE);
  printf("%s %d errno %d; ", what, result, errno);
  blocks("now", file);
}

static void room(const char *directory, const char *what) {
  struct statfs status;
  statfs(directory, &status);
  printf("%s: %ld pages free\n", what, (long)status.f_bfree);
}

// Sixteen pages are left of the file system, whatever its size.
static void fill(const char *directory) {
  char name[256];
  struct statfs status;
  statfs(directory, &status);
  snprintf(name, sizeof name, "%s/filler", directory);
  int file = open(name, O_RDWR | O_CREAT, 0644);
  if (status.f_bfree > 16 && fallocate(file, 0, 0, (status.f_bfree - 16) * PAGE) < 0) perror("fill");
  unlink(name);
}

static void limited(const char *directory) {
  char name[256];
  fill(directory);
  snprintf(name, sizeof name, "%s/file", directory);
  int file = open(name, O_RDWR | O_CREAT, 0644);
  room(directory, "empty");
  ftruncate(file, 64 * PAGE);
  char *at = mmap(0, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  for (int i = 0; i < 16; i++) at[i * PAGE] = 1;
  blocks("sixteen stored", file);
  room(directory, "full");
  store(at + 16 * PAGE);
  store(at + 3 * PAGE);
  allocate("more", file, 0, 0, 20);
  allocate("hole", file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2, 3);
  room(directory, "hole");
  store(at + 40 * PAGE); store(at + 41 * PAGE); store(at + 42 * PAGE); store(at + 43 * PAGE);
  munmap(at, 64 * PAGE);
  ftruncate(file, 0);
  room(directory, "truncated");
  allocate("reserve", file, FALLOC_FL_KEEP_SIZE, 0, 10);
  room(directory, "reserved");
  snprintf(name, sizeof name, "%s/other", directory);
  int other = open(name, O_RDWR | O_CREAT, 0644);
  char bytes[PAGE];
  memset(bytes, 'o', PAGE);
  int written = 0;
  while (write(other, bytes, PAGE) == PAGE) written++;
  printf("the other took %d pages errno %d\n", written, errno);
  allocate("too much", other, 0, 0, 17);
  ftruncate(file, 10 * PAGE);
  printf("into what is reserved: %ld\n", (long)pwrite(file, bytes, PAGE, 5 * PAGE));
  unlink(name); close(other);
  room(directory, "removed");
  close(file);
}

int main(int argc, char **argv) {
  struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};
  sigaction(SIGBUS, &action, 0); sigaction(SIGSEGV, &action, 0);
  int file = memfd_create("memory", 0);
  blocks("new", file);
  allocate("allocate", file, 0, 0, 10);
  allocate("beyond, size kept", file, FALLOC_FL_KEEP_SIZE, 20, 5);
  allocate("zero range", file, FALLOC_FL_ZERO_RANGE, 0, 2);
  allocate("hole", file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1, 4);
  allocate("hole without size kept", file, FALLOC_FL_PUNCH_HOLE, 1, 4);
  allocate("collapse", file, FALLOC_FL_COLLAPSE_RANGE, 1, 1);
  allocate("nothing", file, 0, 0, 0);
  allocate("before", file, 0, -1, 1);
  ftruncate(file, 30 * PAGE); blocks("longer", file);
  ftruncate(file, 3 * PAGE); blocks("shorter", file);
  char *at = mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  store(at + 2 * PAGE); store(at + 3 * PAGE);
  blocks("stored", file);
  printf("remove %d\n", madvise(at + 2 * PAGE, PAGE, MADV_REMOVE)); blocks("removed", file);
  ftruncate(file, PAGE + 10); store(at + PAGE + 20); store(at + 2 * PAGE);
  close(file);
  if (argc > 1) limited(argv[1]);
  return 0;
}
