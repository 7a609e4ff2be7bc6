"""Tries every way to change what is outside of its own directory. Only for the inside of a machine whose host must stay as it is.

modify_everything.py OUTSIDE [OWN]
OUTSIDE holds file, sub/inner, hard (a second name of file) and link (to sub/inner); OWN is a directory that may be written.
"""
import array
import mmap
import os
import socket
import sys

if os.environ.get("QUIRE_INSIDE") != "yes":
    sys.exit("runs inside a machine only")

outside = sys.argv[1]
own = sys.argv[2] if len(sys.argv) > 2 else None
file, inner = outside + "/file", outside + "/sub/inner"
tried = 0


def attempt(action, *arguments, **more):
    global tried
    tried += 1
    try:
        return action(*arguments, **more)
    except (OSError, ValueError):
        return None


def overwrite(path, flags=0, **more):
    descriptor = os.open(path, os.O_RDWR | flags, 0o666, **more)
    os.write(descriptor, b"overwritten")
    os.close(descriptor)


def through_mapping(path):
    descriptor = os.open(path, os.O_RDWR)
    mapping = mmap.mmap(descriptor, 4)
    mapping[0:4] = b"MMAP"
    mapping.flush()


def by_another_process(path):
    left, right = socket.socketpair()
    if os.fork() == 0:
        passed = os.open(path, os.O_RDWR)
        socket.send_fds(left, [b"x"], [passed])
        os._exit(0)
    _, descriptors, _, _ = socket.recv_fds(right, 1, 1)
    os.write(descriptors[0], b"passed")
    os.wait()


def attack(file, inner, directory):
    for flags in (os.O_TRUNC, os.O_APPEND, os.O_CREAT, os.O_SYNC, os.O_CREAT | os.O_TRUNC):
        attempt(overwrite, file, flags)
    attempt(through_mapping, file)
    attempt(by_another_process, inner)
    for target in (file, inner, directory, directory + "/link", directory + "/hard"):
        attempt(os.chmod, target, 0o777)
        attempt(os.chown, target, 7, 7)
        attempt(os.utime, target, (1, 1))
        attempt(os.setxattr, target, "user.quire", b"1")
        attempt(os.truncate, target, 1)
        attempt(overwrite, target)
    attempt(overwrite, "/proc/self/root" + inner)
    attempt(overwrite, "/proc/1/root" + inner)
    attempt(overwrite, "/proc/self/fd/%d" % os.open(inner, os.O_RDONLY))
    attempt(overwrite, own + "/../" * 30 + inner if own else "/../.." + inner)
    attempt(os.chdir, directory)
    attempt(overwrite, "/proc/self/cwd/hard")
    attempt(overwrite, "sub/../file", dir_fd=os.open(".", os.O_RDONLY))
    source = os.open("/etc/passwd", os.O_RDONLY)
    sink = os.open(inner, os.O_RDWR)
    attempt(os.posix_fallocate, sink, 0, 100000)
    attempt(os.copy_file_range, source, sink, 100)
    attempt(os.sendfile, sink, source, 0, 100)
    attempt(os.splice, source, sink, 100)
    attempt(os.pwritev, sink, [b"vector"], 0)
    attempt(os.link, file, directory + "/second")
    attempt(os.symlink, "/etc/passwd", directory + "/points")
    attempt(overwrite, directory + "/points")
    attempt(os.mkdir, directory + "/new")
    attempt(os.mkfifo, directory + "/fifo")
    attempt(os.mknod, directory + "/device", 0o60666, os.makedev(8, 0))
    attempt(os.rename, inner, directory + "/moved")
    attempt(os.rename, directory + "/sub", directory + "/sub2")
    attempt(os.unlink, directory + "/hard")
    attempt(os.unlink, file)
    attempt(os.rmdir, directory + "/sub2")


def attack_from_own():
    """Names in a directory that is written for real, exchanged for links to the outside while they are in use."""
    for name, target in (("to-file", file), ("to-directory", outside), ("to-root", "/"), ("up", "../" * 30)):
        attempt(os.symlink, target, own + "/" + name)
    attempt(overwrite, own + "/to-file", os.O_TRUNC)
    attempt(overwrite, own + "/to-directory/file", os.O_TRUNC)
    attempt(overwrite, own + "/to-root" + file)
    attempt(overwrite, own + "/up" + file)
    attempt(os.link, file, own + "/hard-out")
    attempt(os.rename, file, own + "/stolen")
    attempt(os.chmod, own + "/to-file", 0o777)
    attempt(os.chown, own + "/to-file", 7, 7, follow_symlinks=False)
    attempt(os.utime, own + "/to-file", (1, 1), follow_symlinks=False)
    attempt(os.mkdir, own + "/swapped")
    directory = os.open(own + "/swapped", os.O_RDONLY)
    attempt(os.rmdir, own + "/swapped")
    attempt(os.symlink, outside, own + "/swapped")
    attempt(overwrite, "file", dir_fd=directory)
    attempt(overwrite, "fresh", os.O_CREAT, dir_fd=directory)
    attempt(os.chmod, "file", 0o777, dir_fd=directory)
    attempt(os.unlink, "file", dir_fd=directory)
    attempt(os.rename, "file", "renamed", src_dir_fd=directory, dst_dir_fd=directory)
    attempt(os.mkdir, "made", dir_fd=directory)
    attempt(os.fchmod, directory, 0o777)
    attempt(os.utime, directory, (1, 1))
    attempt(overwrite, own + "/was-file", os.O_CREAT)
    was = os.open(own + "/was-file", os.O_RDWR)
    attempt(os.unlink, own + "/was-file")
    attempt(os.symlink, file, own + "/was-file")
    attempt(os.ftruncate, was, 0)
    attempt(os.write, was, b"x")
    attempt(os.fchmod, was, 0o777)
    attempt(os.utime, was, (1, 1))
    attempt(overwrite, "/proc/self/fd/%d" % was)


if own:
    attack_from_own()
attack(file, inner, outside)
for path in ("/etc/passwd", "/etc/hostname", "/bin/true", "/usr/bin/env"):
    attempt(overwrite, path)
    attempt(os.unlink, path)
for path in ("/proc/1/mem", "/proc/self/mem", "/dev/mem", "/dev/sda", "/proc/sysrq-trigger", "/proc/sys/vm/swappiness"):
    attempt(overwrite, path)
attempt(os.chroot, outside)
print("made", tried, "attempts")
