# A sort and a lookup table over a few tens of MiB: a working set that half of the memory cannot hold.
import random

random.seed(1)
count = 200_000
values = [random.random() for _ in range(count)]
places = {value: place for place, value in enumerate(values)}
values.sort()
print(sum(places[value] for value in values[::3]))
