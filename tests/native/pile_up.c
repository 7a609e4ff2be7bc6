// Piles up one kind of kernel object until the kernel refuses or so many are there: pile_up KIND. Prints the kind; how many is up to the machine's memory.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum { Most = 400000 };

static char bytes[65536];
static char name[5000];

static int pass(int over, int file)
{
    char control[CMSG_SPACE(sizeof file)] = { 0 };
    struct iovec range = { "x", 1 };
    struct msghdr message = { .msg_iov = &range, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof file) };
    memcpy(CMSG_DATA(header), &file, sizeof file);
    return sendmsg(over, &message, MSG_DONTWAIT) < 0;
}

static int attributes(int n)
{
    static int file = -1;
    if (n % 2 == 0) {
        close(file);
        snprintf(name, sizeof name, "/var/tmp/quire-pile-%d", n);
        if ((file = open(name, O_CREAT | O_RDWR, 0600)) < 0)
            return 1;
    }
    snprintf(name, sizeof name, "user.%d", n);
    return fsetxattr(file, name, bytes, 60000, 0) < 0;
}

static int locks(int n)
{
    static int file;
    struct flock wanted = { .l_type = F_WRLCK, .l_start = 2L * n, .l_len = 1 };
    if (n == 0)
        file = open("/tmp/quire-pile", O_CREAT | O_RDWR, 0600);
    return fcntl(file, F_SETLK, &wanted) < 0 || n > 12000;
}

static int descriptors(int n) { return (n % 2 ? open("/etc/passwd", O_RDONLY) : syscall(SYS_eventfd2, 0, 0)) < 0; }

static int tables(int n)
{
    pid_t child = fork();
    if (child == 0) {
        for (int at = 1 << 20; at > 5000; at -= 4000)
            dup2(0, at - 1);
        pause();
    }
    return child < 0 || n > 300;
}

static int sockets(int n)
{
    int pair[2];
    return n > 20000 || socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0 || pass(pair[0], pair[1]) || pass(pair[1], pair[0]) || close(pair[0]) || close(pair[1]);
}

static int messages(int n)
{
    static int pair[2];
    if (n % 500 == 0 && socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0)
        return 1;
    return send(pair[0], "", 0, MSG_DONTWAIT) < 0 && errno != EAGAIN;
}

static int timers(int n) { timer_t timer; return timer_create(CLOCK_MONOTONIC, &(struct sigevent){ .sigev_notify = SIGEV_NONE }, &timer) < 0; }

static int signals(int n)
{
    if (n == 0) {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, 0);
    }
    return sigqueue(getpid(), SIGRTMIN + n % 20, (union sigval){ 0 }) < 0;
}

static int names(int n)
{
    if (n % 60000 == 0) {
        snprintf(name, sizeof name, "/tmp/quire-pile-%d", n);
        close(open(name, O_CREAT | O_RDWR, 0600));
    }
    snprintf(bytes, 300, "/tmp/%0200d", n);
    return link(name, bytes) < 0;
}

static int links(int n)
{
    memset(bytes, 'x', 4000);
    snprintf(name, sizeof name, "/tmp/quire-pile-%d", n);
    return symlink(bytes, name) < 0;
}

static int watches(int n)
{
    static int notify;
    if (n == 0)
        notify = inotify_init();
    snprintf(name, sizeof name, "/tmp/quire-pile-%d", n);
    return mkdir(name, 0700) < 0 || inotify_add_watch(notify, name, IN_ALL_EVENTS) < 0;
}

static int notices(int n)
{
    if (n % 20000 == 0) {
        int notify = inotify_init();
        if (notify < 0)
            return 1;
        inotify_add_watch(notify, "/tmp", IN_CREATE | IN_DELETE);
    }
    snprintf(name, sizeof name, "/tmp/%0200d", n);
    return n > 100000 || mkdir(name, 0700) < 0 || rmdir(name) < 0;
}

static int polls(int n)
{
    static int epoll, file;
    if (n % 500 == 0) {
        epoll = epoll_create1(0);
        file = n == 0 ? syscall(SYS_eventfd2, 0, 0) : file;
    }
    int copy = dup(file);
    struct epoll_event wanted = { EPOLLIN };
    return copy < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, copy, &wanted) < 0;
}

static int listings(int n)
{
    if (n == 0)
        for (int at = 0; at < 3000; at++) {
            snprintf(name, sizeof name, "/dev/shm/%0200d", at);
            close(open(name, O_CREAT | O_RDWR, 0600));
        }
    DIR *directory = opendir("/dev/shm");
    return directory == 0 || readdir(directory) == 0;
}

static int blocks(int n)
{
    static int file;
    if (n == 0)
        file = open("/var/tmp/quire-pile", O_CREAT | O_RDWR, 0600);
    return pwrite(file, "x", 1, (off_t)n << 20) < 0 || n > 60000;
}

static int memories(int n) { int file = memfd_create("pile", 0); return file < 0 || ftruncate(file, 1L << 40) < 0; }

static int deep(int n) { return n == 0 && chdir("/tmp") < 0 || n > 30000 || mkdir("d", 0700) < 0 || chdir("d") < 0; }

int main(int count, char **arguments)
{
    static const struct { const char *name; int (*one)(int); } kinds[] = {
        { "attributes", attributes }, { "locks", locks }, { "descriptors", descriptors }, { "tables", tables }, { "sockets", sockets },
        { "messages", messages }, { "timers", timers }, { "signals", signals }, { "names", names }, { "links", links }, { "watches", watches },
        { "notices", notices }, { "polls", polls }, { "listings", listings }, { "blocks", blocks }, { "memories", memories }, { "deep", deep },
    };
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 1 << 20, 1 << 20 });
    for (int at = 0; count > 1 && at < sizeof kinds / sizeof *kinds; at++)
        if (!strcmp(kinds[at].name, arguments[1])) {
            puts(arguments[1]);
            fflush(stdout);
            int n = 0;
            while (n < Most && !kinds[at].one(n))
                n++;
            kill(0, SIGKILL);
        }
    return 2;
}
