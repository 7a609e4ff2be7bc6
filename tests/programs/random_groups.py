# Random work on control groups: made, joined, limited, frozen, thawed, killed, removed, while members take and give back memory. Takes a seed.
import mmap, os, random, signal, sys, time

random.seed(int(sys.argv[1]))
TOP = '/sys/fs/cgroup/'
groups, children = [], []

def put(group, file, text):
    try:
        with open(f'{TOP}{group}/{file}', 'w') as f:
            f.write(text)
    except OSError:
        pass

def work(seed):
    random.seed(seed)
    held = []
    while True:
        pages = random.randrange(1, 300)
        area = mmap.mmap(-1, pages * 4096, flags=random.choice([mmap.MAP_PRIVATE, mmap.MAP_SHARED]) | mmap.MAP_ANONYMOUS)
        for page in range(0, pages, random.choice([1, 3])):
            area[page * 4096] = 1
        held.append(area)
        if len(held) > 4:
            held.pop(random.randrange(len(held))).close()
        if random.randrange(8) == 0 and os.fork() == 0:
            os._exit(0)
        if random.randrange(4) == 0:
            open('/tmp/file', 'wb').write(b'x' * random.randrange(1 << 18))
        time.sleep(0.001)

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for step in range(int(sys.argv[2])):
    choice = random.randrange(9)
    if choice == 0 and len(groups) < 8:
        parent = random.choice(groups + [''])
        name = f'{parent}/g{step}'.strip('/')
        if parent:
            put(parent, 'cgroup.subtree_control', '+memory +pids')
        try:
            os.mkdir(TOP + name)
            groups.append(name)
        except OSError:
            pass
    elif choice == 1 and len(children) < 6:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            work(step)
        children.append(child)
    elif choice == 2 and groups and children:
        put(random.choice(groups + ['']), 'cgroup.procs', str(random.choice(children)))
    elif choice == 3 and groups:
        put(random.choice(groups), random.choice(['memory.max', 'memory.high', 'memory.low', 'memory.swap.max']), random.choice(['max', '4M', '2M', '1M', '300K']))
    elif choice == 4 and groups:
        put(random.choice(groups), 'cgroup.freeze', random.choice('001'))
    elif choice == 5 and groups and random.randrange(3) == 0:
        put(random.choice(groups), 'cgroup.kill', '1')
    elif choice == 6 and groups:
        put(random.choice(groups), 'memory.reclaim', random.choice(['64K', '1M swappiness=200', '1M swappiness=0']))
    elif choice == 7 and groups and random.randrange(2) == 0:
        group = random.choice(groups)
        put(group, 'cgroup.freeze', '0')
        put(group, 'cgroup.kill', '1')
        time.sleep(0.01)
        try:
            os.rmdir(TOP + group)
            groups.remove(group)
        except OSError:
            pass
    else:
        time.sleep(0.005)
    alive = []
    for child in children:
        try:
            os.kill(child, 0)
            alive.append(child)
        except ProcessLookupError:
            pass
    children = alive

for group in [''] + groups:
    put(group, 'cgroup.freeze', '0')
for child in children:
    try:
        os.kill(child, signal.SIGKILL)
    except ProcessLookupError:
        # It was out of memory meanwhile.
        pass
time.sleep(0.2)
for group in sorted(groups, key=len, reverse=True):
    put(group, 'cgroup.kill', '1')
    for _ in range(100):
        try:
            os.rmdir(TOP + group)
            break
        except OSError:
            time.sleep(0.01)
print('left', len([name for name in os.listdir(TOP) if os.path.isdir(TOP + name)]))
