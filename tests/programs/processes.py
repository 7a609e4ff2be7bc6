"""Subprocesses, pipes, signals, multiprocessing and timeouts."""
import os, select, signal, subprocess, sys, time

print(subprocess.run(["sort", "-r"], input=b"a\nc\nb\n", capture_output=True).stdout)
print(subprocess.run("exit 7", shell=True).returncode, subprocess.run(["sh", "-c", "kill -9 $$"]).returncode)
producer = subprocess.Popen(["seq", "5"], stdout=subprocess.PIPE)
print(subprocess.check_output(["tac"], stdin=producer.stdout))
producer.wait()
try:
    subprocess.run(["sleep", "60"], timeout=0.2)
except subprocess.TimeoutExpired as expired:
    print("timeout", expired.cmd)
caught = []
signal.signal(signal.SIGALRM, lambda number, frame: caught.append(number))
signal.setitimer(signal.ITIMER_REAL, 0.05)
start = time.monotonic()
time.sleep(0.2)
print(caught, time.monotonic() - start >= 0.2)
reader, writer = os.pipe()
if os.fork() == 0:
    os.write(writer, b"from the child")
    os._exit(5)
print(select.select([reader], [], [], 5)[0] == [reader], os.read(reader, 100), os.waitstatus_to_exitcode(os.wait()[1]))
sys.stdout.flush()
os.execvp("echo", ["echo", "replaced"])
