// Requests that must fail, or act in one detail, as on Linux: one line each.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *name_of(long result) { return result == -1 ? strerrorname_np(errno) : "ok"; }

static void fresh_zeros(void) {
  int zero = open("/dev/zero", O_RDWR);
  char *first = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, zero, 0);
  first[0] = 7;
  char *second = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, zero, 0);
  char *third = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 4096);
  third[4096] = 9;
  pid_t child = fork();
  if (!child) {
    second[1] = third[4096] = 5;
    _exit(0);
  }
  waitpid(child, 0, 0);
  printf("zeros %d %d, shared with a child %d, private %d\n", second[0], third[0], second[1], third[4096]);
}

static void far_offset(void) {
  int file = memfd_create("far", 0);
  void *map = mmap(0, 4096, PROT_READ, MAP_SHARED, file, 0x7fffffffffffe000);
  printf("far offset %s\n", name_of((long)map));
  pid_t child = fork();
  if (!child) _exit(*(volatile char *)map);
  int status;
  waitpid(child, &status, 0);
  printf("touched: signal %d; beyond %s\n", WTERMSIG(status), name_of((long)mmap(0, 8192, PROT_READ, MAP_SHARED, file, 0x7ffffffffffff000)));
}

static void clones(void) {
  long r = syscall(SYS_clone, SIGCHLD | CLONE_SETTLS, 0, 0, 0, 1UL << 60);
  if (r == 0) _exit(0);
  printf("wild TLS %s;", name_of(r));
  struct clone_args a[64];
  memset(a, 0, sizeof a);
  for (int bit = 34; bit < 64; bit += 7) {
    a[0].flags = 1ULL << bit;
    a[0].exit_signal = SIGCHLD;
    r = syscall(SYS_clone3, a, sizeof *a);
    if (r == 0) _exit(0);
    printf(" %s", name_of(r));
  }
  a[0].flags = 0;
  size_t sizes[] = {0, 32, 63, 5000};
  for (int i = 0; i < 4; i++) {
    r = syscall(SYS_clone3, a, sizes[i]);
    if (r == 0) _exit(0);
    printf(" %s", name_of(r));
  }
  ((char *)a)[120] = 1;
  r = syscall(SYS_clone3, a, 128);
  if (r == 0) _exit(0);
  printf(" %s\n", name_of(r));
}

static void futexes(void) {
  static unsigned word = 3;
  printf("futex wake-op %s", name_of(syscall(SYS_futex, 0, FUTEX_WAKE_OP_PRIVATE, 1, 1, &word, FUTEX_OP(FUTEX_OP_ADD, 4, FUTEX_OP_CMP_EQ, 0))));
  printf(" %u", word);
  printf(" shared %s", name_of(syscall(SYS_futex, 0, FUTEX_WAKE_OP, 1, 1, &word, 0)));
  printf(" wake %s %s %s\n", name_of(syscall(SYS_futex, 0, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0)), name_of(syscall(SYS_futex, 0, FUTEX_WAKE, 1, 0, 0, 0)),
         name_of(syscall(SYS_futex, 1UL << 47, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0)));
}

static void file_systems(void) {
  int ends[2], sockets = socketpair(1, 1, 0, ends);
  struct statfs s;
  fstatfs(ends[0], &s);
  printf("socket %lx", (long)s.f_type);
  pipe(ends);
  fstatfs(ends[0], &s);
  printf(", pipe %lx of %ld\n", (long)s.f_type, (long)s.f_bsize);
}

static void ignored_children(void) {
  struct rusage use;
  signal(SIGCHLD, SIG_IGN);
  pid_t child = fork();
  if (!child) {
    char *m = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(m, 1, 1 << 20);
    _exit(0);
  }
  waitpid(child, 0, 0);
  signal(SIGCHLD, SIG_DFL);
  getrusage(RUSAGE_CHILDREN, &use);
  printf("an ignored child's faults are%s counted\n", use.ru_minflt > 200 ? "" : " not");
}

static void advice(void) {
  char *m = mmap(0, 8192, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  printf("populate read of write-only %s", name_of(madvise(m, 8192, 22)));
  printf(", write %s", name_of(madvise(m, 8192, 23)));
  mprotect(m, 8192, PROT_EXEC);
  printf(", read of execute-only %s\n", name_of(madvise(m, 8192, 22)));
}

static void low_hints(void) {
  char *a = mmap((void *)0x20000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  char *b = mmap((void *)0x50000123, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  char *c = mmap(a, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  char *d = mmap((void *)0x90000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  printf("MAP_32BIT %p %p, taken %d, beyond %d\n", a, b, c != a && (long)c < 0x80000000L, (long)d < 0x80000000L);
}

static void personalities(char *self) {
  if (personality(0xffffffff) & ADDR_NO_RANDOMIZE) {
    printf("stack %p\n", (void *)((unsigned long)__builtin_frame_address(0) >> 24));
    exit(0);
  }
  struct utsname name;
  printf("personality %x", personality(PER_LINUX32));
  uname(&name);
  printf(" %s", name.machine);
  printf(" %x\n", personality(ADDR_NO_RANDOMIZE));
  fflush(stdout);
  pid_t child = fork();
  if (!child) execl("/proc/self/exe", self, "again", (char *)0);
  waitpid(child, 0, 0);
  personality(0);
}

static void dump_filter(void) {
  char text[16] = "";
  int file = open("/proc/self/coredump_filter", O_RDWR);
  printf("filter %s", name_of(write(file, "0x7f\n", 5)));
  lseek(file, 0, SEEK_SET);
  read(file, text, 15);
  printf(" %.8s", text);
  fflush(stdout);
  pid_t child = fork();
  if (!child) {
    file = open("/proc/self/coredump_filter", O_RDWR);
    read(file, text, 15);
    printf(" child %.8s %s\n", text, name_of(write(file, "x", 1)));
    fflush(stdout);
    _exit(0);
  }
  fflush(stdout);
  waitpid(child, 0, 0);
}

static void referenced(void) {
  char *m = mmap((void *)0x640000000000, 16 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), line[256];
  memset(m, 1, 16 * 4096);
  for (int round = 0; round < 2; round++) {
    FILE *smaps = fopen("/proc/self/smaps", "r");
    int here = 0, kb = -1;
    while (fgets(line, sizeof line, smaps)) {
      if (strchr(line, '-') && strchr(line, '-') < line + 16) here = !strncmp(line, "640000000000-", 13);
      if (here) sscanf(line, "Referenced: %d", &kb);
    }
    fclose(smaps);
    printf("referenced %d\n", kb);
    int file = open("/proc/self/clear_refs", O_WRONLY);
    write(file, "1", 1);
    close(file);
  }
}

static void own_faults(void) {
  struct rusage before, after;
  char *m = mmap(0, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  madvise(m, 4 << 20, MADV_NOHUGEPAGE);
  int zero = open("/dev/zero", O_RDONLY);
#define FAULTS(what, call) getrusage(RUSAGE_SELF, &before); call; getrusage(RUSAGE_SELF, &after); printf("%s %ld\n", what, after.ru_minflt - before.ru_minflt)
  FAULTS("read", read(zero, m, 100 * 4096));
  FAULTS("populate", madvise(m + 200 * 4096, 50 * 4096, 23));
  FAULTS("mlock", mlock(m + 300 * 4096, 30 * 4096));
  FAULTS("touched again", read(zero, m, 100 * 4096));
}

int main(int argc, char **argv) {
  if (argc > 1) personalities(argv[0]);
  fresh_zeros();
  far_offset();
  fflush(stdout);
  clones();
  futexes();
  file_systems();
  fflush(stdout);
  ignored_children();
  advice();
  low_hints();
  fflush(stdout);
  personalities(argv[0]);
  dump_filter();
  referenced();
  own_faults();
  return 0;
}
