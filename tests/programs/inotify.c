// What inotify tells of everything that can happen to files, event by event.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static const struct { uint32_t bit; const char *name; } NAMES[] = {
    {IN_ACCESS, "ACCESS"}, {IN_MODIFY, "MODIFY"}, {IN_ATTRIB, "ATTRIB"}, {IN_CLOSE_WRITE, "CLOSE_WRITE"},
    {IN_CLOSE_NOWRITE, "CLOSE_NOWRITE"}, {IN_OPEN, "OPEN"}, {IN_MOVED_FROM, "MOVED_FROM"}, {IN_MOVED_TO, "MOVED_TO"},
    {IN_CREATE, "CREATE"}, {IN_DELETE, "DELETE"}, {IN_DELETE_SELF, "DELETE_SELF"}, {IN_MOVE_SELF, "MOVE_SELF"},
    {IN_UNMOUNT, "UNMOUNT"}, {IN_Q_OVERFLOW, "Q_OVERFLOW"}, {IN_IGNORED, "IGNORED"}, {IN_ISDIR, "ISDIR"},
};

static int watcher;

// Cookies count up over the whole machine: what matters is which are equal.
static uint32_t cookies[64];
static int cookie_count;

static int cookie_number(uint32_t cookie)
{
    if (cookie == 0) return 0;
    for (int i = 0; i < cookie_count; i++)
        if (cookies[i] == cookie) return i + 1;
    cookies[cookie_count++] = cookie;
    return cookie_count;
}

static void print_event(const struct inotify_event *event)
{
    printf("  %d", event->wd);
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (event->mask & NAMES[i].bit) printf(" %s", NAMES[i].name);
    if (event->cookie) printf(" cookie %d", cookie_number(event->cookie));
    if (event->len) printf(" %s (%u)", event->name, event->len);
    printf("\n");
}

static void drain(int fd, const char *what)
{
    static char buffer[65536] __attribute__((aligned(8)));
    int waiting = -1;
    ioctl(fd, FIONREAD, &waiting);
    printf("%s: %d bytes\n", what, waiting);
    ssize_t length;
    while ((length = read(fd, buffer, sizeof buffer)) > 0)
        for (char *at = buffer; at < buffer + length; at += sizeof(struct inotify_event) + ((struct inotify_event *)at)->len)
            print_event((struct inotify_event *)at);
    if (length < 0 && errno != EAGAIN) printf("  %s\n", strerror(errno));
}

static void report(const char *what, long result)
{
    if (result < 0) printf("%s: %s\n", what, strerror(errno));
    else printf("%s: %ld\n", what, result);
}

static void touch(const char *path)
{
    close(open(path, O_CREAT | O_WRONLY, 0644));
}

static void names_and_contents(void)
{
    int directory = inotify_add_watch(watcher, "d", IN_ALL_EVENTS);
    printf("d is %d\n", directory);
    touch("d/file");
    drain(watcher, "created");

    int fd = open("d/file", O_RDWR);
    write(fd, "some text", 9);
    write(fd, " and more", 9);
    drain(watcher, "written twice");
    char text[32];
    pread(fd, text, sizeof text, 0);
    read(fd, text, sizeof text);
    pwrite(fd, "S", 1, 0);
    pread(fd, text, 1, 0);
    ftruncate(fd, 5);
    fallocate(fd, 0, 0, 100);
    drain(watcher, "read, written, read, cut");
    fchmod(fd, 0600);
    fchown(fd, -1, -1);
    futimens(fd, 0);
    struct timespec only_access[2] = {{1, 0}, {0, UTIME_OMIT}}, only_modify[2] = {{0, UTIME_OMIT}, {1, 0}}, neither[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
    futimens(fd, only_access);
    futimens(fd, only_modify);
    futimens(fd, neither);
    drain(watcher, "attributes");
    int copy = dup(fd);
    close(fd);
    drain(watcher, "one of two descriptors closed");
    void *mapped = mmap(0, 4096, PROT_READ, MAP_SHARED, copy, 0);
    close(copy);
    drain(watcher, "both closed, mapped");
    munmap(mapped, 4096);
    drain(watcher, "unmapped");

    truncate("d/file", 3);
    chmod("d/file", 0644);
    chown("d/file", getuid(), -1);
    drain(watcher, "by path");
    link("d/file", "d/other");
    symlink("file", "d/link");
    mkfifo("d/fifo", 0600);
    mkdir("d/sub", 0700);
    drain(watcher, "linked");
    close(open("d/file", O_PATH));
    stat("d/file", &(struct stat){0});
    access("d/file", R_OK);
    readlink("d/link", text, sizeof text);
    drain(watcher, "only looked at");

    rename("d/file", "d/renamed");
    rename("d/renamed", "outside");
    rename("outside", "d/file");
    rename("d/file", "d/other");
    renameat2(AT_FDCWD, "d/sub", AT_FDCWD, "d/other", RENAME_EXCHANGE);
    drain(watcher, "moved");

    DIR *list = opendir("d/other");
    while (readdir(list)) {}
    closedir(list);
    drain(watcher, "subdirectory listed");
    list = opendir("d");
    while (readdir(list)) {}
    closedir(list);
    drain(watcher, "listed");

    int from = open("d/sub", O_RDONLY), to = open("d/copied", O_CREAT | O_RDWR, 0600);
    sendfile(to, from, 0, 2);
    copy_file_range(from, 0, to, 0, 100, 0);
    close(from);
    close(to);
    drain(watcher, "copied");

    unlink("d/file");
    unlink("d/sub");
    unlink("d/copied");
    unlink("d/link");
    unlink("d/fifo");
    rmdir("d/other");
    rmdir("d/nothing");
    drain(watcher, "removed");
    chmod("d", 0700);
    rename("d", "e");
    rename("e", "d");
    drain(watcher, "directory itself");
    rmdir("d");
    drain(watcher, "directory removed");
    report("remove its watch", inotify_rm_watch(watcher, directory));
}

static void files_themselves(void)
{
    mkdir("d", 0700);
    touch("d/a");
    touch("d/b");
    link("d/a", "d/a2");
    report("watch a", inotify_add_watch(watcher, "d/a", IN_ALL_EVENTS));
    report("watch a by its other name", inotify_add_watch(watcher, "d/a2", IN_ALL_EVENTS));
    report("watch b", inotify_add_watch(watcher, "d/b", IN_ALL_EVENTS));
    report("watch d", inotify_add_watch(watcher, "d", IN_ALL_EVENTS & ~IN_ACCESS));
    int fd = open("d/a", O_WRONLY | O_APPEND);
    write(fd, "x", 1);
    fsetxattr(fd, "user.nothing", "1", 1, XATTR_REPLACE);
    close(fd);
    drain(watcher, "file and directory");
    unlink("d/a");
    drain(watcher, "one name less");
    fd = open("d/a2", O_RDWR);
    unlink("d/a2");
    drain(watcher, "no name left, but open");
    write(fd, "y", 1);
    drain(watcher, "written without a name");
    close(fd);
    drain(watcher, "closed");
    touch("d/c");
    report("watch c", inotify_add_watch(watcher, "d/c", IN_ALL_EVENTS));
    drain(watcher, "c made");
    rename("d/c", "d/b");
    drain(watcher, "c over b");
    unlink("d/b");
    rmdir("d");
    drain(watcher, "all gone");
}

static void masks(void)
{
    mkdir("d", 0700);
    touch("d/f");
    symlink("d", "to-d");
    symlink("nowhere", "to-nothing");
    int one = inotify_add_watch(watcher, "d", IN_CREATE | IN_ONESHOT);
    report("once", one);
    touch("d/g");
    touch("d/h");
    drain(watcher, "once");
    report("remove", inotify_rm_watch(watcher, one));
    int d = inotify_add_watch(watcher, "to-d", IN_CREATE);
    report("through link", d);
    report("the link itself", inotify_add_watch(watcher, "to-d", IN_ALL_EVENTS | IN_DONT_FOLLOW));
    report("broken link", inotify_add_watch(watcher, "to-nothing", IN_ALL_EVENTS));
    report("added", inotify_add_watch(watcher, "d", IN_DELETE | IN_MASK_ADD));
    touch("d/i");
    unlink("d/i");
    unlink("to-d");
    drain(watcher, "created and deleted");
    report("replaced", inotify_add_watch(watcher, "d", IN_OPEN));
    touch("d/i");
    drain(watcher, "only opened");
    report("only new", inotify_add_watch(watcher, "d", IN_OPEN | IN_MASK_CREATE));
    report("only directories", inotify_add_watch(watcher, "d/f", IN_OPEN | IN_ONLYDIR));
    report("only directories, a directory", inotify_add_watch(watcher, "d", IN_MODIFY | IN_ONLYDIR | IN_EXCL_UNLINK));
    int fd = open("d/f", O_WRONLY);
    write(fd, "1", 1);
    unlink("d/f");
    write(fd, "2", 1);
    close(fd);
    drain(watcher, "not without a name");
    report("removed", inotify_rm_watch(watcher, d));
    touch("d/i");
    drain(watcher, "no watch");
    report("no such watch", inotify_rm_watch(watcher, 999));
    report("no such file", inotify_add_watch(watcher, "nothing", IN_OPEN));
    report("no events", inotify_add_watch(watcher, "d", 0));
    report("unknown events", inotify_add_watch(watcher, "d", 0x00800000));
    report("add and create", inotify_add_watch(watcher, "d", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE));
    report("bad path", inotify_add_watch(watcher, (char *)8, IN_OPEN));
    report("no inotify", inotify_add_watch(0, "d", IN_OPEN));
    report("no inotify to remove from", inotify_rm_watch(0, 1));
    report("closed", inotify_add_watch(77, "d", IN_OPEN));
    report("bad flags", inotify_init1(1));
    report("write", write(watcher, "x", 1));
    report("seek", lseek(watcher, 0, SEEK_SET));
}

static void readiness(void)
{
    int fd = inotify_init1(IN_CLOEXEC);
    int d = inotify_add_watch(fd, "d", IN_CREATE | IN_DELETE);
    int list = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = 5}, got = {0};
    epoll_ctl(list, EPOLL_CTL_ADD, fd, &event);
    struct pollfd one = {fd, POLLIN | POLLOUT, 0};
    printf("idle: %d %d %x\n", poll(&one, 1, 0), epoll_wait(list, &got, 1, 0), fcntl(fd, F_GETFL));
    touch("d/one");
    int ready = poll(&one, 1, 0);
    printf("poll %d %x\n", ready, one.revents);
    ready = epoll_wait(list, &got, 1, 0);
    printf("epoll %d %x\n", ready, got.events);
    printf("epoll again %d\n", epoll_wait(list, &got, 1, 0));
    char small[16], event_bytes[64];
    report("too small", read(fd, small, sizeof small));
    report("one event", read(fd, event_bytes, 40));
    touch("d/a-name-that-is-sixteen-bytes-longer");
    touch("d/x");
    report("bad address", read(fd, (char *)8, 4096));
    report("what is left", read(fd, event_bytes, sizeof event_bytes));
    print_event((struct inotify_event *)event_bytes);
    if (fork() == 0) {
        touch("d/by-child");
        _exit(0);
    }
    report("waited for", read(fd, event_bytes, sizeof event_bytes));
    print_event((struct inotify_event *)event_bytes);
    wait(0);

    char path[64], line[256];
    sprintf(path, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(path, line, sizeof line);
    printf("%.*s\n", (int)length, line);
    sprintf(path, "/proc/self/fdinfo/%d", fd);
    FILE *info = fopen(path, "r");
    unsigned number, mask;
    unsigned long inode, device;
    struct stat status;
    stat("d", &status);
    while (fgets(line, sizeof line, info))
        if (sscanf(line, "inotify wd:%x ino:%lx sdev:%lx mask:%x ignored_mask:0", &number, &inode, &device, &mask) == 4)
            printf("watch %d inode %d mask %x\n", number == (unsigned)d, inode == status.st_ino, mask);
    fclose(info);
    close(fd);
}

static void overflow(void)
{
    int fd = inotify_init1(IN_NONBLOCK);
    inotify_add_watch(fd, "d", IN_ATTRIB);
    touch("d/p");
    touch("d/q");
    for (int i = 0; i < 9000; i++) {
        chmod("d/p", 0600 + i % 2);
        chmod("d/q", 0600 + i % 2);
    }
    static char buffer[1 << 20];
    long events = 0, last_mask = 0, last_watch = 0;
    ssize_t length;
    while ((length = read(fd, buffer, sizeof buffer)) > 0)
        for (char *at = buffer; at < buffer + length; at += sizeof(struct inotify_event) + ((struct inotify_event *)at)->len) {
            events++;
            last_mask = ((struct inotify_event *)at)->mask;
            last_watch = ((struct inotify_event *)at)->wd;
        }
    FILE *setting = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
    long most = 0;
    fscanf(setting, "%ld", &most);
    fclose(setting);
    printf("overflow after all that fit: %d, mask %lx, watch %ld\n", events == most + 1, last_mask, last_watch);
    chmod("d/p", 0644);
    drain(fd, "afterwards");
    close(fd);
}

static void programs(void)
{
    int d = inotify_add_watch(watcher, "d", IN_OPEN | IN_CLOSE);
    if (fork() == 0) {
        int self = open("/proc/self/exe", O_RDONLY), copy = open("d/program", O_CREAT | O_WRONLY, 0700);
        struct stat status;
        fstat(self, &status);
        sendfile(copy, self, 0, status.st_size);
        _exit(0);
    }
    wait(0);
    drain(watcher, "program made");
    fflush(stdout);
    if (fork() == 0) {
        execl("d/program", "program", "quickly", (char *)0);
        _exit(1);
    }
    int status;
    wait(&status);
    printf("it ended with %d\n", WEXITSTATUS(status));
    drain(watcher, "program run");
    inotify_rm_watch(watcher, d);
    drain(watcher, "watch removed");
}

int main(int count, char **arguments)
{
    if (count > 1) return 7;
    char place[] = "/tmp/inotify-XXXXXX";
    if (!mkdtemp(place) || chdir(place) != 0) return 1;
    watcher = inotify_init1(IN_NONBLOCK);
    mkdir("d", 0700);
    names_and_contents();
    files_themselves();
    masks();
    readiness();
    overflow();
    programs();
    fflush(stdout);
    chdir("/");
    char command[64];
    sprintf(command, "rm -r %s", place);
    return system(command);
}
