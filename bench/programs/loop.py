# A pure Python loop: attribute-free arithmetic, calls, list and dict traffic.
def step(value, table):
    table[value & 1023] = value
    return (value * 1103515245 + 12345) & 0x7FFFFFFF


def run(count):
    table = {}
    value = 1
    total = 0
    for i in range(count):
        value = step(value, table)
        if value & 1:
            total += i
        else:
            total ^= value
    return total, len(table)


import sys
print(run(int(sys.argv[1]) if len(sys.argv) > 1 else 1000000))
