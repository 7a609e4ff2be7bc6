// Control groups as system calls see them, one line a case as the kernel's own selftests write them.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOP "/sys/fs/cgroup/"

static char text[8192];

static int put(const char *file, const char *value)
{
    char path[256];
    snprintf(path, sizeof path, TOP "%s", file);
    int descriptor = open(path, O_WRONLY);
    int result = descriptor < 0 || write(descriptor, value, strlen(value)) < 0 ? -errno : 0;
    close(descriptor);
    return result;
}

static const char *get(const char *file)
{
    char path[256];
    snprintf(path, sizeof path, TOP "%s", file);
    int descriptor = open(path, O_RDONLY);
    ssize_t length = read(descriptor, text, sizeof text - 1);
    text[length > 0 ? length : 0] = 0;
    close(descriptor);
    return text;
}

static long number(const char *file)
{
    return atol(get(file));
}

static void check(const char *name, int is_right)
{
    static int count;
    printf("%s %d %s\n", is_right ? "ok" : "not ok", ++count, name);
    fflush(stdout);
}

static int add(const char *group, pid_t process)
{
    char file[128], id[16];
    snprintf(file, sizeof file, "%s/cgroup.procs", group);
    snprintf(id, sizeof id, "%d", process);
    return put(file, id);
}

static void touch(long pages)
{
    char *memory = mmap(0, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (long page = 0; page < pages; page++)
        memory[page * 4096] = 1;
}

static int has_event(int descriptor)
{
    struct pollfd item = { descriptor, POLLIN };
    if (poll(&item, 1, 1000) != 1)
        return 0;
    return read(descriptor, text, sizeof text) >= (ssize_t)sizeof(struct inotify_event);
}

int main(void)
{
    mkdir(TOP "calls", 0755);
    pid_t child = fork();
    if (!child) {
        add("calls", getpid());
        long before = number("calls/memory.current");
        touch(600);
        long after = number("calls/memory.current");
        _exit(after - before >= 600 * 4096 && after - before < 640 * 4096 ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    check("pages_are_charged_to_the_group_that_was_joined", status == 0);

    // Memory that is full: with swap, pages would leave and nobody would have to die.
    put("calls/memory.swap.max", "0");
    put("calls/memory.max", "4M");
    child = fork();
    if (!child) {
        static char block[1 << 20];
        add("calls", getpid());
        int file = memfd_create("file", 0);
        for (int i = 0; i < 10; i++)
            write(file, block, sizeof block);
        _exit(0);
    }
    waitpid(child, &status, 0);
    check("who_joined_and_grows_is_killed_at_the_maximum", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    check("the_maximum_was_never_passed", number("calls/memory.peak") <= 4 << 20);
    check("each_event_was_counted_once", strstr(get("calls/memory.events"), "oom 1\noom_kill 1\noom_group_kill 0\n") != 0);

    // Another process dies for what this one's call wants.
    put("calls/memory.max", "16M");
    int ready[2];
    pipe(ready);
    pid_t fat = fork();
    if (!fat) {
        add("calls", getpid());
        touch(2500);
        write(ready[1], "", 1);
        pause();
        _exit(0);
    }
    read(ready[0], text, 1);
    child = fork();
    if (!child) {
        add("calls", getpid());
        char *memory = mmap(0, 8 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        unsigned char pages[2048];
        mincore(memory, 8 << 20, pages);
        int count = 0;
        for (int i = 0; i < 2048; i++)
            count += pages[i] & 1;
        _exit(count == 2048 ? 7 : 1);
    }
    waitpid(child, &status, 0);
    check("a_call_goes_on_when_another_has_died_for_it", WIFEXITED(status) && WEXITSTATUS(status) == 7);
    waitpid(fat, &status, 0);
    check("the_largest_died", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    check("and_no_more_was_taken_than_the_maximum", number("calls/memory.peak") <= 16 << 20);
    put("calls/memory.max", "max");

    int watch = inotify_init1(IN_NONBLOCK);
    inotify_add_watch(watch, TOP "calls/cgroup.events", IN_MODIFY);
    child = fork();
    if (!child) {
        add("calls", getpid());
        pause();
        _exit(0);
    }
    check("a_watcher_is_told_that_somebody_is_there", has_event(watch) && strstr(get("calls/cgroup.events"), "populated 1"));
    put("calls/cgroup.freeze", "1");
    check("a_watcher_is_told_that_all_are_frozen", has_event(watch) && strstr(get("calls/cgroup.events"), "frozen 1"));
    mkdir(TOP "calls/below", 0755);
    check("a_group_below_is_frozen_from_the_start", strstr(get("calls/below/cgroup.events"), "frozen 1") && !strcmp(get("calls/below/cgroup.freeze"), "0\n"));
    put("calls/cgroup.freeze", "0");
    check("a_watcher_is_told_of_the_thaw", has_event(watch) && strstr(get("calls/below/cgroup.events"), "frozen 0"));
    put("calls/cgroup.kill", "1");
    waitpid(child, &status, 0);
    check("a_watcher_is_told_that_nobody_is_there", WIFSIGNALED(status) && has_event(watch) && strstr(get("calls/cgroup.events"), "populated 0"));
    check("groups_that_are_empty_go", !rmdir(TOP "calls/below") && !rmdir(TOP "calls"));
    return 0;
}
