// SIGIO: which files send it, when, to whom, and what comes with it. Prints the same on every kernel.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static sigset_t all;

// What has come, without waiting: the signals are blocked.
static void drain(const char *what, int fd) {
  struct timespec none = {0, 0};
  siginfo_t info;
  int signal;
  // A terminal's data take a while on some kernels.
  if (isatty(fd)) usleep(30000);
  printf("%s:", what);
  while ((signal = sigtimedwait(&all, &info, &none)) > 0) {
    printf(" %s", signal == SIGIO ? "io" : signal == SIGURG ? "urg" : signal >= SIGRTMIN ? "rt" : "other");
    if (info.si_code == SI_KERNEL) printf("/kernel");
    else printf("/code %d band %lx fd %s", info.si_code, info.si_band, info.si_fd == fd ? "same" : "other");
  }
  printf("\n");
}

static void own(int fd, int signal) {
  int on = 1;
  fcntl(fd, F_SETOWN, getpid());
  fcntl(fd, F_SETSIG, signal);
  if (ioctl(fd, FIOASYNC, &on) < 0) printf("FIOASYNC %s\n", strerror(errno));
  printf("owner %s signal %d async %d\n", fcntl(fd, F_GETOWN) == getpid() ? "self" : "other", fcntl(fd, F_GETSIG) == signal, !!(fcntl(fd, F_GETFL) & O_ASYNC));
}

static void off(int fd) {
  int on = 0;
  ioctl(fd, FIOASYNC, &on);
  printf("async %d\n", !!(fcntl(fd, F_GETFL) & O_ASYNC));
}

static void through(const char *kind, int reader, int writer, int signal) {
  char buffer[1 << 18] = "";
  printf("-- %s\n", kind);
  own(reader, signal);
  write(writer, "one", 3);
  drain("written", reader);
  write(writer, "two", 3);
  drain("written again", reader);
  read(reader, buffer, sizeof buffer);
  drain("read", reader);
  off(reader);
  write(writer, "three", 5);
  drain("off", reader);
  read(reader, buffer, sizeof buffer);
}

static void full(const char *kind, int reader, int writer) {
  static char buffer[1 << 20];
  printf("-- %s, room again\n", kind);
  fcntl(writer, F_SETFL, O_NONBLOCK);
  while (write(writer, buffer, 4096) > 0) {}
  own(writer, SIGRTMIN + 1);
  drain("full", writer);
  fcntl(reader, F_SETFL, O_NONBLOCK);
  while (read(reader, buffer, sizeof buffer) > 0) {}
  siginfo_t info;
  struct timespec none = {0, 0};
  int count = 0, band = 0;
  while (sigtimedwait(&all, &info, &none) > 0) { count = 1; band = info.si_band; }
  printf("emptied: told %d, can write %d\n", count, !!(band & POLLOUT));
}

static void *other_thread(void *fd) {
  struct f_owner_ex owner = {F_OWNER_TID, syscall(SYS_gettid)}, got;
  int on = 1;
  fcntl((int)(long)fd, F_SETOWN_EX, &owner);
  fcntl((int)(long)fd, F_GETOWN_EX, &got);
  ioctl((int)(long)fd, FIOASYNC, &on);
  printf("owner thread %d\n", got.type == F_OWNER_TID && got.pid == owner.pid);
  siginfo_t info;
  struct timespec some = {5, 0};
  printf("thread got %s\n", sigtimedwait(&all, &info, &some) == SIGIO ? "io" : "nothing");
  return 0;
}

int main(void) {
  int ends[2];
  sigemptyset(&all); sigaddset(&all, SIGIO); sigaddset(&all, SIGURG); sigaddset(&all, SIGRTMIN + 1); sigaddset(&all, SIGUSR1);
  sigprocmask(SIG_BLOCK, &all, 0);

  pipe(ends); through("pipe", ends[0], ends[1], 0);
  through("pipe, chosen signal", ends[0], ends[1], SIGRTMIN + 1);
  own(ends[0], SIGRTMIN + 1); close(ends[1]); drain("writer closed", ends[0]); close(ends[0]);
  pipe(ends); own(ends[1], SIGRTMIN + 1); close(ends[0]); drain("reader closed", ends[1]); close(ends[1]);
  pipe(ends); full("pipe", ends[0], ends[1]); close(ends[0]); close(ends[1]);

  socketpair(AF_UNIX, SOCK_STREAM, 0, ends); through("stream", ends[0], ends[1], 0);
  through("stream, chosen signal", ends[0], ends[1], SIGRTMIN + 1);
  full("stream", ends[0], ends[1]);
  own(ends[0], SIGRTMIN + 1); drain("owned", ends[0]); shutdown(ends[1], SHUT_WR); drain("shut", ends[0]); close(ends[1]); drain("closed", ends[0]); close(ends[0]);
  socketpair(AF_UNIX, SOCK_DGRAM, 0, ends); through("datagram, chosen signal", ends[0], ends[1], SIGRTMIN + 1); close(ends[0]); close(ends[1]);

  struct sockaddr_un name = {AF_UNIX, "\0async-signals"};
  int listener = socket(AF_UNIX, SOCK_STREAM, 0), caller = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(listener, (void *)&name, sizeof name); listen(listener, 4);
  printf("-- listener\n"); own(listener, SIGRTMIN + 1);
  connect(caller, (void *)&name, sizeof name); drain("connected", listener); close(caller); close(listener);

  int master = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(master); unlockpt(master);
  int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
  struct termios raw;
  tcgetattr(slave, &raw); cfmakeraw(&raw); tcsetattr(slave, TCSANOW, &raw);
  through("terminal", slave, master, 0);
  through("terminal, chosen signal", slave, master, SIGRTMIN + 1);
  close(slave); close(master);

  printf("-- to whom\n");
  pipe(ends);
  pthread_t thread;
  pthread_create(&thread, 0, other_thread, (void *)(long)ends[0]);
  usleep(100000);
  write(ends[1], "x", 1);
  pthread_join(thread, 0);
  drain("process", ends[0]);
  struct f_owner_ex group = {F_OWNER_PGRP, getpgrp()}, got;
  printf("set group %d", fcntl(ends[0], F_SETOWN_EX, &group));
  fcntl(ends[0], F_GETOWN_EX, &got);
  printf(" got %d %d negative %d\n", got.type, got.pid == getpgrp(), fcntl(ends[0], F_GETOWN) == -getpgrp());
  struct f_owner_ex wrong = {7, getpid()};
  printf("wrong kind %d %d\n", fcntl(ends[0], F_SETOWN_EX, &wrong), errno);
  printf("nobody %d %d\n", fcntl(ends[0], F_SETOWN, 999999), errno);
  printf("signal 65 %d %d\n", fcntl(ends[0], F_SETSIG, 65), errno);
  int file = open("/dev/null", O_RDWR), on = 1;
  printf("null %d %d\n", ioctl(file, FIOASYNC, &on), errno);
  // A child that inherits the file gets no signal; the owner does.
  fcntl(ends[0], F_SETOWN, getpid()); fcntl(ends[0], F_SETSIG, 0);
  char byte; read(ends[0], &byte, 1);
  drain("before", ends[0]);
  fflush(stdout);
  if (fork() == 0) { write(ends[1], "x", 1); drain("child", ends[0]); fflush(stdout); _exit(0); }
  wait(0);
  drain("parent", ends[0]);
  return 0;
}
