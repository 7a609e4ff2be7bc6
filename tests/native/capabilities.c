// What root may do without each single capability, and what changes of ids, secure bits and execve make of capabilities.
#define _GNU_SOURCE
#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>
#include <signal.h>
#include <sched.h>
#include <grp.h>
#include <time.h>
#include <sys/auxv.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <linux/capability.h>
#include <linux/securebits.h>
static char dir[] = "/tmp/capsXXXXXX";
static const char *e(long r) { return r < 0 ? strerrorname_np(errno) : "ok"; }
static void get(unsigned long long *eff, unsigned long long *per, unsigned long long *inh) {
  struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 }; struct __user_cap_data_struct d[2]; syscall(SYS_capget, &h, d);
  *eff = d[0].effective | (unsigned long long)d[1].effective << 32; *per = d[0].permitted | (unsigned long long)d[1].permitted << 32; *inh = d[0].inheritable | (unsigned long long)d[1].inheritable << 32; }
static int set(unsigned long long eff, unsigned long long per, unsigned long long inh) {
  struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 }; struct __user_cap_data_struct d[2] = { { eff, per, inh }, { eff >> 32, per >> 32, inh >> 32 } };
  return syscall(SYS_capset, &h, d); }
/* Only what every host's root has: a sandbox may have dropped some. */
#define KNOWN ((1ull<<CAP_CHOWN)|(1ull<<CAP_DAC_OVERRIDE)|(1ull<<CAP_DAC_READ_SEARCH)|(1ull<<CAP_FOWNER)|(1ull<<CAP_FSETID)|(1ull<<CAP_KILL)|(1ull<<CAP_SETGID)|(1ull<<CAP_SETUID)|(1ull<<CAP_SETPCAP)|(1ull<<CAP_IPC_LOCK)|(1ull<<CAP_SYS_CHROOT)|(1ull<<CAP_SYS_NICE)|(1ull<<CAP_MKNOD))
static void state(const char *when) { unsigned long long a, b, c; get(&a, &b, &c);
  printf("%s: e %llx p %llx i %llx sb %d keep %d nnp %d\n", when, a & KNOWN, b & KNOWN, c & KNOWN, prctl(PR_GET_SECUREBITS), prctl(PR_GET_KEEPCAPS), prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  printf("  ids %d %d %d %d amb", getuid(), geteuid(), getgid(), getegid());
  for (int i = 0; i <= 40; i++) if (KNOWN >> i & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1) printf(" %d", i);
  printf(" bound"); for (int i = 0; i <= 40; i++) if (KNOWN >> i & 1 && prctl(PR_CAPBSET_READ, i) != 1) printf(" -%d", i); printf("\n"); }
static void trial(const char *name, void (*f)(void)) { printf("== %s\n", name); fflush(stdout); pid_t p = fork(); if (!p) { f(); fflush(stdout); _exit(0); } int s; waitpid(p, &s, 0); if (s) printf("status %x\n", s); }
static void acts(void) {
  printf("chown %s", e(chown("f", 5, 5))); chown("f", 0, 0);
  printf(" read %s", e(open("secret", O_RDONLY))); printf(" write %s", e(open("secret", O_WRONLY)));
  printf(" dir %s", e(open("closed/x", O_RDONLY))); printf(" list %s", e(open("closed", O_RDONLY)));
  printf(" chmod %s", e(chmod("other", 0600))); printf(" kill %s", e(kill(getppid(), 0)));
  printf(" nice %s", e(setpriority(PRIO_PROCESS, 0, -5))); printf(" mknod %s", e(mknod("n", S_IFCHR | 0600, makedev(1, 3)))); unlink("n");
  struct rlimit l = { 0, 0 }; setrlimit(RLIMIT_MEMLOCK, &l); void *m = mmap(0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  printf(" mlock %s", e(mlock(m, 4096))); printf(" maplocked %s", mmap(0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) == MAP_FAILED ? strerrorname_np(errno) : "ok"); printf(" mlockall %s", e(mlockall(MCL_CURRENT)));
  struct rlimit n = { 1 << 20, 1 << 20 }; 
  printf(" xattr %s", e(setxattr("f", "trusted.x", "1", 1, 0)));
  printf(" chroot %s", e(chroot("."))); printf(" setgroups %s", e(setgroups(0, 0)));
  printf(" setgid %s", e(setgid(7))); printf(" setuid %s\n", e(setuid(9))); }
static unsigned long long dropped;
static void without(void) { unsigned long long a, b, c; get(&a, &b, &c); printf("capset %s\n", e(set(a & ~dropped, b & ~dropped, 0))); acts(); }
static void none(void) { printf("%s\n", e(set(0, 0, 0))); acts(); state("none"); printf("regain %s\n", e(set(1, 1, 0))); }
static void user(void) { setgroups(0, 0); setgid(1000); setuid(1000); state("user"); acts(); printf("back %s %s\n", e(setuid(0)), e(seteuid(0))); }
static void keep(void) { prctl(PR_SET_KEEPCAPS, 1); setresuid(1000, 1000, 1000); state("kept"); unsigned long long a, b, c; get(&a, &b, &c); printf("raise %s\n", e(set(b, b, 0))); acts(); }
static void seteff(void) { seteuid(1000); state("seteuid 1000"); acts(); printf("%s\n", e(seteuid(0))); state("seteuid 0"); }
static void fsuid(void) { setfsuid(1000); state("setfsuid"); acts(); }
static void bits(void) { printf("%s %s\n", e(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)), e(prctl(PR_SET_SECUREBITS, 1 << 20))); setresuid(1000, 1000, 1000); state("nofixup");
  printf("lock %s", e(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED))); printf(" unlock %s\n", e(prctl(PR_SET_SECUREBITS, 0))); }
static void ambient(void) { unsigned long long a, b, c; get(&a, &b, &c); printf("raise %s", e(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0)));
  set(a, b, 1ull << CAP_KILL); printf(" %s", e(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0))); printf(" bad %s", e(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 77, 0, 0))); printf(" %s\n", e(prctl(PR_CAP_AMBIENT, 9, 1, 0, 0)));
  prctl(PR_SET_KEEPCAPS, 1); setresuid(1000, 1000, 1000); state("ambient"); fflush(stdout); execl("/proc/self/exe", "caps", "show", NULL); }
static void ambient2(void) { unsigned long long a, b, c; get(&a, &b, &c); set(a, b, 1ull << CAP_KILL); prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_NOROOT); prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0);
  setresuid(1000, 1000, 1000); state("ambient"); fflush(stdout); execl("/proc/self/exe", "caps", "show", NULL); }
static void execroot(void) { set(0, 0, 0); state("none"); fflush(stdout); execl("/proc/self/exe", "caps", "show", NULL); }
static void execbound(void) { printf("%s %s\n", e(prctl(PR_CAPBSET_DROP, CAP_KILL)), e(prctl(PR_CAPBSET_DROP, 99))); fflush(stdout); execl("/proc/self/exe", "caps", "show", NULL); }
static void execnoroot(void) { prctl(PR_SET_SECUREBITS, SECBIT_NOROOT); fflush(stdout); execl("/proc/self/exe", "caps", "show", NULL); }
static void execuser(void) { setgroups(0, 0); setgid(1000); setuid(1000); fflush(stdout); execl("./self", "caps", "show", NULL); }
static void execsuid(void) { setgroups(0, 0); setgid(1000); setuid(1000); fflush(stdout); execl("./suid", "caps", "show", NULL); perror("exec"); }
static void execsgid(void) { setgroups(0, 0); setgid(1000); setuid(1000); fflush(stdout); execl("./sgid", "caps", "show", NULL); perror("exec"); }
static void execsuid5(void) { fflush(stdout); execl("./suid5", "caps", "show", NULL); perror("exec"); }
static void execsuidnnp(void) { setgroups(0, 0); setgid(1000); setuid(1000); printf("%s %s\n", e(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0)), e(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))); fflush(stdout); execl("./suid", "caps", "show", NULL); perror("exec"); }
static void execfcap(void) { setgroups(0, 0); setgid(1000); setuid(1000); fflush(stdout); execl("./fcap", "caps", "show", NULL); perror("exec"); }
static void execfcapbound(void) { prctl(PR_CAPBSET_DROP, CAP_KILL); setgroups(0, 0); setgid(1000); setuid(1000); fflush(stdout); execl("./fcap", "caps", "show", NULL); perror("exec"); }
static void dumpable(void) { printf("%d", prctl(PR_GET_DUMPABLE)); seteuid(1000); printf(" %d", prctl(PR_GET_DUMPABLE)); seteuid(0); printf(" %d %s %s\n", prctl(PR_GET_DUMPABLE), e(prctl(PR_SET_DUMPABLE, 2)), e(prctl(PR_SET_DUMPABLE, 1))); }
static void versions(void) { for (int v = 0; v < 4; v++) { unsigned vs[] = { 0x19980330, 0x20071026, 0x20080522, 7 }; struct __user_cap_header_struct h = { vs[v], 0 }; struct __user_cap_data_struct d[2]; memset(d, 0x11, sizeof d); long r = syscall(SYS_capget, &h, d); printf("%s %x %x;", e(r), h.version, d[1].effective == 0x11111111); h.version = vs[v]; printf(" %s;", e(syscall(SYS_capget, &h, NULL))); h.version = vs[v]; h.pid = -1; printf(" %s;", e(syscall(SYS_capget, &h, d))); h.version = vs[v]; h.pid = 99999999; printf(" %s;", e(syscall(SYS_capget, &h, d))); h.version = vs[v]; h.pid = 1; printf(" set %s;", e(syscall(SYS_capset, &h, d))); h.version = vs[v]; h.pid = 0; printf(" %s", e(syscall(SYS_capset, &h, (void *)8))); printf(" %s\n", e(syscall(SYS_capset, (void *)8, d))); } }
static void ids(void) { setresuid(1, 2, 3); int u[3];
  #define R getresuid(&u[0], &u[1], &u[2]); printf("%d %d %d\n", u[0], u[1], u[2]);
  R printf("%s ", e(setuid(3))); R printf("%s ", e(setuid(2))); R printf("%s ", e(setreuid(-1, 1))); R printf("%s ", e(setreuid(3, -1))); R printf("%s ", e(setresuid(3, 1, 3))); R printf("%s ", e(setreuid(1, 3))); R printf("%s ", e(syscall(SYS_setuid, -1))); R
  printf("%d %d\n", setfsuid(3), setfsuid(-1)); }
static void groups(void) { setresgid(1, 2, 3); setresuid(1, 1, 1); gid_t u[3];
  #define G getresgid(&u[0], &u[1], &u[2]); printf("%d %d %d\n", u[0], u[1], u[2]);
  G printf("%s ", e(setgid(3))); G printf("%s ", e(setgid(2))); G printf("%s ", e(setregid(-1, 1))); G printf("%s ", e(setregid(3, -1))); G printf("%s ", e(setresgid(3, 1, 3))); G printf("%s ", e(setregid(1, 3))); G }
static void realaccess(void) { seteuid(1000); printf("access %s eaccess %s\n", e(access("secret", R_OK)), e(faccessat(AT_FDCWD, "secret", R_OK, AT_EACCESS))); }
int main(int argc, char **argv) {
  setvbuf(stdout, 0, _IOFBF, 1 << 16);
  if (argc > 1) { state("shown"); printf("secure %lu dumpable %d\n", getauxval(23), prctl(PR_GET_DUMPABLE)); return 0; }
  char self[4096]; int n = readlink("/proc/self/exe", self, 4095); self[n] = 0;
  mkdtemp(dir); chmod(dir, 0755); chdir(dir); umask(0); prctl(PR_SET_DUMPABLE, 1);
  close(open("f", O_CREAT | O_WRONLY, 0644)); close(open("secret", O_CREAT | O_WRONLY, 0600)); chown("secret", 3, 3); close(open("other", O_CREAT | O_WRONLY, 0644)); chown("other", 3, 3);
  mkdir("closed", 0700); close(open("closed/x", O_CREAT, 0644)); chown("closed", 3, 3);
  char cmd[9000]; sprintf(cmd, "for i in self suid sgid suid5 fcap; do cp %s $i; done; chmod 755 self fcap; chmod 4755 suid; chown 0:77 sgid; chmod 2755 sgid; chown 5:5 suid5; chmod 4755 suid5", self); system(cmd);
  unsigned fc[5] = { 0x02000001, 1 << CAP_KILL | 1 << CAP_CHOWN, 0, 0, 0 }; if (setxattr("fcap", "security.capability", fc, sizeof fc, 0)) perror("setxattr");
  for (int i = 0; i <= 40; i++) if (KNOWN >> i & 1) { char t[32]; sprintf(t, "without %d", i); dropped = 1ull << i; trial(t, without); }
  trial("none", none); trial("user", user); trial("keep", keep); trial("seteuid", seteff); trial("setfsuid", fsuid); trial("bits", bits); trial("ambient", ambient); trial("ambient2", ambient2);
  trial("execroot", execroot); trial("execbound", execbound); trial("execnoroot", execnoroot); trial("execuser", execuser); trial("execsuid", execsuid); trial("execsgid", execsgid); trial("execsuid5", execsuid5);
  trial("execsuidnnp", execsuidnnp); trial("execfcap", execfcap); trial("execfcapbound", execfcapbound); trial("dumpable", dumpable); trial("versions", versions); trial("ids", ids); trial("groups", groups); trial("realaccess", realaccess);
  sprintf(cmd, "rm -rf %s", dir); system(cmd); return 0; }
