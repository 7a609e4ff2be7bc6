// Processes by descriptor: opened, cloned, signalled, polled, waited for, and their own descriptors taken.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct clone_request { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls; };

static void report(const char *what, long result)
{
    if (result < 0) printf("%s: %s\n", what, strerror(errno));
    else printf("%s: %ld\n", what, result);
}

static int open_process(pid_t process, unsigned flags) { return (int)syscall(SYS_pidfd_open, process, flags); }

static long send_signal(int process, int signal) { return syscall(SYS_pidfd_send_signal, process, signal, 0, 0); }

static int is_ready(int fd, int timeout)
{
    struct pollfd one = {fd, POLLIN, 0};
    return poll(&one, 1, timeout) == 1 && one.revents & POLLIN;
}

static void wait_for(const char *what, int process, pid_t expected, int options)
{
    siginfo_t info = {0};
    errno = 0;
    int result = waitid(3, process, &info, options);
    printf("%s: %d %s, the child %d, signal %d, code %d, status %d\n", what, result, strerror(errno), info.si_pid == expected, info.si_signo, info.si_code, info.si_status);
}

static int shown_id(int process)
{
    char path[64], line[256];
    int id = -2;
    sprintf(path, "/proc/self/fdinfo/%d", process);
    FILE *info = fopen(path, "r");
    while (fgets(line, sizeof line, info)) sscanf(line, "Pid: %d", &id);
    fclose(info);
    return id;
}

static void sleeping_child(void)
{
    pid_t child = fork();
    if (child == 0)
        for (;;) pause();
    int process = open_process(child, 0), impatient = open_process(child, O_NONBLOCK);
    printf("flags %x %x %x, its number %d\n", fcntl(process, F_GETFL), fcntl(impatient, F_GETFL), fcntl(process, F_GETFD), shown_id(process) == child);
    printf("ready %d\n", is_ready(process, 0));
    wait_for("nothing yet", process, 0, WEXITED | WNOHANG);
    wait_for("would wait", impatient, 0, WEXITED);
    report("exists", send_signal(process, 0));
    report("bad signal", send_signal(process, 99));
    char text[8];
    report("read", read(process, text, sizeof text));
    report("write", write(process, text, sizeof text));
    send_signal(process, SIGSTOP);
    wait_for("stopped", process, child, WSTOPPED);
    send_signal(process, SIGCONT);
    wait_for("continued", process, child, WCONTINUED);

    int list = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 9}, got = {0};
    epoll_ctl(list, EPOLL_CTL_ADD, process, &event);
    send_signal(process, SIGTERM);
    report("epoll", epoll_wait(list, &got, 1, -1));
    printf("ready %d %d\n", is_ready(process, -1), (int)got.data.u64);
    report("a zombie exists", send_signal(process, 0));
    wait_for("seen", process, child, WEXITED | WNOWAIT);
    wait_for("reaped", process, child, WEXITED);
    printf("still ready %d, its number %d\n", is_ready(process, 0), shown_id(process));
    wait_for("again", process, 0, WEXITED);
    report("gone", send_signal(process, SIGTERM));
    report("opened too late", open_process(child, 0));
}

static void cloned_child(void)
{
    int process = -1;
    struct clone_request request = {.flags = CLONE_PIDFD, .pidfd = (uintptr_t)&process, .exit_signal = SIGCHLD};
    pid_t child = (pid_t)syscall(SYS_clone3, &request, sizeof request);
    if (child == 0) _exit(fcntl(process, F_GETFD) >= 0 ? 1 : 5);
    printf("a descriptor %d, close on exec %d\n", process >= 3, fcntl(process, F_GETFD));
    wait_for("cloned", process, child, WEXITED);
    int other = -1;
    child = (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &other, 0, 0);
    if (child == 0) _exit(6);
    wait_for("cloned the old way", other, child, WEXITED);
    report("no place for it", syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, 8, 0, 0));
    report("two results in one place", syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &other, 0, 0));
    struct rlimit before, none_left;
    getrlimit(RLIMIT_NOFILE, &before);
    int next = dup(0);
    close(next);
    none_left = before;
    none_left.rlim_cur = next;
    setrlimit(RLIMIT_NOFILE, &none_left);
    report("no number left", syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, &other, 0, 0));
    setrlimit(RLIMIT_NOFILE, &before);
    report("no child", waitpid(-1, 0, WNOHANG));
}

static void its_descriptors(void)
{
    int ready[2];
    pipe(ready);
    pid_t child = fork();
    if (child == 0) {
        int file = memfd_create("secret", 0);
        dup2(file, 100);
        write(file, "from the child", 14);
        write(ready[1], "!", 1);
        for (;;) pause();
    }
    char text[32] = "";
    read(ready[0], text, 1);
    int process = open_process(child, 0);
    int taken = (int)syscall(SYS_pidfd_getfd, process, 100, 0);
    pread(taken, text, sizeof text - 1, 0);
    printf("taken %d: %s\n", fcntl(taken, F_GETFD), text);
    report("no such descriptor", syscall(SYS_pidfd_getfd, process, 101, 0));
    report("of no process", syscall(SYS_pidfd_getfd, 0, 1, 0));
    report("bad flags", syscall(SYS_pidfd_getfd, process, 100, 1));
    char path[32];
    sprintf(path, "/proc/%d", child);
    int directory = open(path, O_DIRECTORY);
    report("by its directory", send_signal(directory, SIGKILL));
    wait_for("killed", process, child, WEXITED);
}

int main(void)
{
    setvbuf(stdout, 0, _IONBF, 0);
    report("nobody", open_process(0, 0));
    report("negative", open_process(-1, 0));
    report("no such process", open_process(32767, 0));
    report("bad flags", open_process(getpid(), 1));
    report("to no process", send_signal(0, SIGTERM));
    wait_for("for no process", 0, 0, WEXITED);
    wait_for("for a bad descriptor", 77, 0, WEXITED);
    sleeping_child();
    cloned_child();
    its_descriptors();
    return 0;
}
