// TIOCPKT: what the master of a pseudo terminal reads in packet mode. Prints the same on every kernel.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static int master, slave;

static void look(const char *what) {
  struct pollfd both = {master, POLLIN | POLLOUT | POLLPRI | POLLHUP};
  unsigned char buffer[64];
  fcntl(master, F_SETFL, O_NONBLOCK);
  usleep(20000);
  poll(&both, 1, 0);
  int length = read(master, buffer, sizeof buffer);
  printf("%s: poll %x read %d", what, both.revents, length);
  if (length < 0) printf(" errno %d", errno);
  else { printf(" status %02x '", buffer[0]); for (int i = 1; i < length; i++) if (buffer[i] >= 32) putchar(buffer[i]); else printf("\\%02x", buffer[i]); printf("'"); }
  printf("\n");
}

int main(void) {
  int on = 1, off = 0, got = 7;
  master = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(master); unlockpt(master);
  slave = open(ptsname(master), O_RDWR | O_NOCTTY);
  struct termios settings, raw;
  tcgetattr(slave, &settings);
  write(slave, "before", 6);
  printf("set %d", ioctl(master, TIOCPKT, &on)); printf(" get %d", ioctl(master, TIOCGPKT, &got)); printf(" %d\n", got);
  printf("slave set %d %d\n", ioctl(slave, TIOCPKT, &on), errno);
  look("data from before");
  look("nothing");
  write(slave, "hello\n", 6); look("data");
  tcflush(slave, TCIFLUSH); look("input flushed");
  tcflush(slave, TCOFLUSH); look("output flushed"); look("rest");
  tcflush(slave, TCIOFLUSH); look("both flushed");
  tcflow(slave, TCOOFF); look("stopped"); tcflow(slave, TCOON); look("started"); look("again");
  tcflow(slave, TCOOFF); tcflow(slave, TCOON); look("stopped and started");
  settings.c_iflag &= ~IXON; tcsetattr(slave, TCSANOW, &settings); look("no ^S ^Q"); look("again");
  settings.c_iflag |= IXON; tcsetattr(slave, TCSANOW, &settings); look("^S ^Q"); look("again");
  settings.c_cc[VSTOP] = 'x'; tcsetattr(slave, TCSANOW, &settings); look("another ^S");
  settings.c_cc[VSTOP] = 19; tcsetattr(slave, TCSANOW, &settings); look("^S again"); look("again");
  settings.c_lflag ^= ECHO; tcsetattr(slave, TCSANOW, &settings); look("no echo");
  write(master, "\x13", 1); look("typed ^S"); write(master, "\x11", 1); look("typed ^Q");
  tcflow(slave, TCIOFF); look("asked to stop"); tcflow(slave, TCION); look("asked to go on");
  write(master, "in\n", 3); char line[8]; printf("line %d\n", (int)read(slave, line, 8)); look("nothing");
  settings.c_lflag |= EXTPROC; tcsetattr(slave, TCSANOW, &settings); look("external processing");
  settings.c_lflag &= ~EXTPROC; tcsetattr(slave, TCSANOW, &settings); look("internal");
  tcflow(slave, TCOOFF);
  ioctl(master, TIOCPKT, &off); printf("off %d %d\n", ioctl(master, TIOCGPKT, &got), got);
  tcflow(slave, TCOON);
  ioctl(master, TIOCPKT, &on); look("turned on: nothing from before");
  write(slave, "end", 3); close(slave); look("last data"); look("hung up");
  return 0;
}
