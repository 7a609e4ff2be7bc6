// O_TMPFILE: a file without a name, until linkat gives it one. Prints the same on every kernel whose file system knows it.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <dirent.h>

#define TRY(what, call) do { errno = 0; long result = (call); printf("%s %ld errno %d\n", what, result < 0 ? result : 0, errno); } while (0)

static void count(const char *what) {
  DIR *directory = opendir(".");
  int names = 0;
  for (struct dirent *entry; (entry = readdir(directory));) names += strncmp(entry->d_name, "named", 5) == 0 || entry->d_name[0] == '#';
  closedir(directory);
  printf("%s: %d names\n", what, names);
}

static void show(const char *what, int file) {
  struct stat status;
  fstat(file, &status);
  printf("%s: mode %o links %d size %ld\n", what, status.st_mode, (int)status.st_nlink, (long)status.st_size);
}

int main(void) {
  char link[64], path[64];
  umask(022);
  int file = open(".", O_TMPFILE | O_RDWR, 0666);
  if (file < 0) { printf("refused %d\n", errno); return 1; }
  show("new", file);
  count("nameless");
  write(file, "content", 7);
  sprintf(link, "/proc/self/fd/%d", file);
  printf("link %d\n", linkat(AT_FDCWD, link, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
  show("linked", file);
  count("named");
  printf("again %d\n", linkat(AT_FDCWD, link, AT_FDCWD, "named2", AT_SYMLINK_FOLLOW));
  TRY("exists", linkat(AT_FDCWD, link, AT_FDCWD, "named2", AT_SYMLINK_FOLLOW));
  show("twice", file);
  pwrite(file, "C", 1, 0);
  close(file);
  char bytes[16] = "";
  file = open("named2", O_RDONLY); read(file, bytes, 15); close(file); printf("read %s\n", bytes);
  unlink("named"); unlink("named2");
  file = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
  sprintf(link, "/proc/self/fd/%d", file);
  TRY("exclusive", linkat(AT_FDCWD, link, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
  int removed = open("named", O_RDWR | O_CREAT, 0600); unlink("named");
  sprintf(link, "/proc/self/fd/%d", removed);
  TRY("removed", linkat(AT_FDCWD, link, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
  TRY("read only", open(".", O_TMPFILE | O_RDONLY, 0600));
  TRY("no directory", open("/etc/passwd", O_TMPFILE | O_RDWR, 0600));
  TRY("missing", open("missing", O_TMPFILE | O_RDWR, 0600));
  file = open(".", O_TMPFILE | O_WRONLY, 0600);
  ftruncate(file, 1 << 20); show("longer", file);
  close(file);
  count("end");
  return 0;
}
