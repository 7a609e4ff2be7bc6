// Children that die of signals; what their core files hold is compared with the parent's own memory and printed, without addresses: the same on every kernel.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul

enum { ANON, TOUCHED_NOACCESS, SHARED, NODUMP, FILE_PRIVATE, FILE_WRITTEN, FILE_SHARED, UNTOUCHED, REGIONS };
static const char *names[] = {"anonymous", "no access", "shared", "not to dump", "file", "file written", "file shared", "untouched"};
static char *region[REGIONS];
static unsigned long pages[] = {101, 103, 107, 109, 113, 127, 131, 137};
static pthread_barrier_t ready;

static void *rest(void *unused) { pthread_barrier_wait(&ready); for (;;) pause(); return 0; }

static char *map(int which, int flags, int file) {
  char *at = mmap(0, pages[which] * PAGE, PROT_READ | (file >= 0 && which == FILE_PRIVATE ? 0 : PROT_WRITE), flags, file, 0);
  if (at == MAP_FAILED) { perror(names[which]); exit(1); }
  // Neighbours must not join.
  mmap(0, 16 * PAGE, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return region[which] = at;
}

static void build(void) {
  // Not the neighbour of a library's.
  mmap(0, 16 * PAGE, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int file = open("mapped", O_RDWR | O_CREAT | O_TRUNC, 0644);
  for (int i = 0; i < 140; i++) { char page[PAGE]; memset(page, 'a' + i % 26, PAGE); if (write(file, page, PAGE) != PAGE) exit(1); }
  int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
  map(ANON, anonymous, -1)[3 * PAGE + 5] = 'x'; region[ANON][50 * PAGE] = 'y';
  memset(map(TOUCHED_NOACCESS, anonymous, -1) + 7 * PAGE, 'n', 2 * PAGE);
  map(SHARED, MAP_SHARED | MAP_ANONYMOUS, -1)[9 * PAGE] = 's';
  map(NODUMP, anonymous, -1)[0] = 'd';
  madvise(region[NODUMP], pages[NODUMP] * PAGE, MADV_DONTDUMP);
  map(FILE_PRIVATE, MAP_PRIVATE, file);
  map(FILE_WRITTEN, MAP_PRIVATE, file)[2 * PAGE] = 'w';
  map(FILE_SHARED, MAP_SHARED, file)[4 * PAGE] = 'W';
  map(UNTOUCHED, anonymous, -1);
  mprotect(region[TOUCHED_NOACCESS], pages[TOUCHED_NOACCESS] * PAGE, PROT_NONE);
}

static void notes(int core, Elf64_Phdr *segment) {
  char *all = malloc(segment->p_filesz);
  if (pread(core, all, segment->p_filesz, segment->p_offset) != (ssize_t)segment->p_filesz) { printf("  notes cut\n"); return; }
  for (unsigned long at = 0; at < segment->p_filesz;) {
    Elf64_Nhdr *note = (void *)(all + at);
    char *body = all + at + sizeof *note + ((note->n_namesz + 3) & ~3u);
    if (!strcmp(all + at + sizeof *note, "CORE")) {
      printf("  note %x", note->n_type);
      if (note->n_type == NT_PRSTATUS) {
        struct elf_prstatus *state = (void *)body;
        struct user_regs_struct *registers = (void *)state->pr_reg;
        printf(" size %u signal %d %d cs %llx ss %llx original rax %lld r12 %llx fp %d", note->n_descsz, state->pr_cursig, state->pr_info.si_signo,
          registers->cs, registers->ss, (long long)registers->orig_rax, registers->r12 == 0x1234567 ? registers->r12 : 0, state->pr_fpvalid);
      } else if (note->n_type == NT_PRPSINFO) {
        struct elf_prpsinfo *process = (void *)body;
        printf(" size %u %c %s name %s arguments %s", note->n_descsz, process->pr_sname, process->pr_nice == getpriority(PRIO_PROCESS, 0) ? "nice" : "not nice", process->pr_fname, strstr(process->pr_psargs, "core_files") ? "named" : "missing");
      } else if (note->n_type == NT_SIGINFO) {
        siginfo_t *info = (void *)body;
        printf(" size %u signal %d code %d", note->n_descsz, info->si_signo, info->si_code);
      } else if (note->n_type == NT_FPREGSET) {
        struct user_fpregs_struct *fp = (void *)body;
        double seven; memcpy(&seven, (char *)fp->xmm_space + 7 * 16, 8);
        printf(" size %u %s", note->n_descsz, seven == 1.5 ? "1.5" : "");
      } else if (note->n_type == NT_FILE) {
        long count = *(long *)body, named = 0, mine = 0;
        char *name = body + 16 + count * 24;
        for (long i = 0; i < count; i++, name += strlen(name) + 1) {
          long *range = (long *)(body + 16 + i * 24);
          if (strstr(name, "/mapped")) { named++; mine += (range[1] - range[0]) / PAGE; if (range[2]) printf(" offset?"); }
        }
        printf(" page %ld, of the file %ld regions, %ld pages", ((long *)body)[1], named, mine);
      }
      printf("\n");
    }
    at = body + ((note->n_descsz + 3) & ~3u) - all;
  }
  free(all);
}

// What a page holds for the parent, who has the same memory as the dead child.
static void own(int which, unsigned long page, char *to) {
  int memory = open("/proc/self/mem", O_RDONLY);
  if (pread(memory, to, PAGE, (long)region[which] + page * PAGE) != PAGE) memset(to, 0, PAGE);
  close(memory);
}

static void look(const char *path) {
  int core = open(path, O_RDONLY);
  struct stat status;
  if (core < 0 || fstat(core, &status) < 0) { printf("  none\n"); return; }
  Elf64_Ehdr header;
  if (read(core, &header, sizeof header) != sizeof header) { printf("  cut\n"); return; }
  printf("  mode %o links %d type %d machine %d headers of %d\n", status.st_mode, (int)status.st_nlink, header.e_type, header.e_machine, header.e_phentsize);
  unsigned long end = 0;
  for (int i = 0; i < header.e_phnum; i++) {
    Elf64_Phdr segment;
    pread(core, &segment, sizeof segment, header.e_phoff + i * sizeof segment);
    if (segment.p_type == PT_NOTE) { notes(core, &segment); continue; }
    end = segment.p_offset + segment.p_filesz;
    for (int which = 0; which < REGIONS; which++) {
      if (segment.p_vaddr != (unsigned long)region[which]) continue;
      unsigned long same = 0, held = segment.p_filesz / PAGE;
      for (unsigned long page = 0; page < held; page++) {
        char here[PAGE], there[PAGE];
        own(which, page, there);
        same += pread(core, here, PAGE, segment.p_offset + page * PAGE) == PAGE && !memcmp(here, there, PAGE);
      }
      printf("  %s: %lu of %lu pages, rights %x, aligned %lx, %lu as they were\n", names[which], held, segment.p_memsz / PAGE, segment.p_flags, segment.p_align, same);
    }
  }
  printf("  %s\n", (unsigned long)status.st_size == end ? "whole" : "cut");
  close(core);
}

enum death { FAULT, FAULT_WITH_THREADS, ABORT, QUIT, KILL, TERM, ASLEEP };

static void die(enum death how) {
  if (how == FAULT_WITH_THREADS) {
    pthread_t thread;
    pthread_barrier_init(&ready, 0, 3);
    for (int i = 0; i < 2; i++) pthread_create(&thread, 0, rest, 0);
    pthread_barrier_wait(&ready);
    usleep(100000);
  }
  double value = 1.5;
  if (how <= FAULT_WITH_THREADS) asm volatile("movsd %0, %%xmm7\n mov $0x1234567, %%r12d\n movb $1, 8" :: "m"(value) : "r12", "xmm7", "memory");
  if (how == ABORT) abort();
  if (how == ASLEEP) for (;;) pause();
  kill(getpid(), how == QUIT ? SIGQUIT : how == KILL ? SIGKILL : SIGTERM);
  _exit(0);
}

static void child(const char *what, unsigned long limit, int dumpable, const char *filter, enum death how) {
  struct rlimit core = {limit, RLIM_INFINITY};
  int status;
  fflush(stdout);
  pid_t process = fork();
  if (process == 0) {
    setrlimit(RLIMIT_CORE, &core);
    prctl(PR_SET_DUMPABLE, dumpable);
    int file = open("/proc/self/coredump_filter", O_WRONLY);
    if (dumpable && write(file, filter, strlen(filter)) < 0) perror("coredump_filter");
    close(file);
    die(how);
  }
  if (how == ASLEEP) { usleep(100000); kill(process, SIGSEGV); }
  waitpid(process, &status, 0);
  printf("%s: signal %d, %s\n", what, WTERMSIG(status), WCOREDUMP(status) ? "core dumped" : "no core");
}

static void bounded(unsigned long limit) {
  struct stat status;
  unlink("core");
  char what[40];
  sprintf(what, "limit %lu", limit);
  child(what, limit, 1, "0x33", FAULT);
  if (stat("core", &status) < 0) { printf("  none\n"); return; }
  printf("  %s the limit\n", (unsigned long)status.st_blocks * 512 <= limit + PAGE ? "within" : "above");
}

int main(void) {
  const char *filters[] = {"0x33", "0", "0x1", "0x2", "0x4", "0x8", "0x10", "0xf"};
  struct stat status;
  build();
  for (int i = 0; i < 8; i++) { unlink("core"); child(filters[i], RLIM_INFINITY, 1, filters[i], FAULT); look("core"); }
  unlink("core"); child("threads", RLIM_INFINITY, 1, "0x33", FAULT_WITH_THREADS); look("core");
  unlink("core"); child("abort", RLIM_INFINITY, 1, "0", ABORT); look("core");
  unlink("core"); child("quit", RLIM_INFINITY, 1, "0", QUIT); look("core");
  unlink("core"); child("asleep", RLIM_INFINITY, 1, "0", ASLEEP); look("core");
  unlink("core"); child("kill", RLIM_INFINITY, 1, "0", KILL); look("core");
  unlink("core"); child("term", RLIM_INFINITY, 1, "0", TERM); look("core");
  unlink("core"); child("not dumpable", RLIM_INFINITY, 0, "0", FAULT); look("core");
  unsigned long limits[] = {0, 4095, 4096, 20000, 100000};
  for (int i = 0; i < 5; i++) bounded(limits[i]);

  unlink("core"); close(open("other", O_CREAT | O_WRONLY, 0644)); link("other", "core");
  child("a name of another file", RLIM_INFINITY, 1, "0", FAULT);
  stat("other", &status); printf("  the other has %ld bytes\n", (long)status.st_size);
  unlink("core"); symlink("other", "core");
  child("a symbolic link", RLIM_INFINITY, 1, "0", FAULT);
  stat("other", &status); printf("  the other has %ld bytes\n", (long)status.st_size);
  lstat("core", &status); printf("  mode %o\n", status.st_mode);
  unlink("core"); mkdir("core", 0755);
  child("a directory", RLIM_INFINITY, 1, "0", FAULT);
  rmdir("core");
  umask(0277); child("umask", RLIM_INFINITY, 1, "0", FAULT);
  if (stat("core", &status) == 0) printf("  mode %o\n", status.st_mode);
  unlink("core"); unlink("other"); unlink("mapped");
  return 0;
}
