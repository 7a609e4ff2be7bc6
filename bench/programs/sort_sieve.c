// Quick sort of N pseudo-random ints, then a sieve of Eratosthenes up to N. Usage: sort_sieve [N]
#include <stdio.h>
#include <stdlib.h>

static void quick_sort(int *low, int *high)
{
    while (low < high) {
        int pivot = low[(high - low) / 2];
        int *left = low, *right = high;
        while (left <= right) {
            while (*left < pivot) left++;
            while (*right > pivot) right--;
            if (left <= right) {
                int held = *left;
                *left++ = *right;
                *right-- = held;
            }
        }
        if (right - low < high - left) {
            quick_sort(low, right);
            low = left;
        } else {
            quick_sort(left, high);
            high = right;
        }
    }
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], 0, 10) : 10000000;
    int *values = malloc(count * sizeof *values);
    unsigned state = 12345;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (int)(state >> 1);
    }
    quick_sort(values, values + count - 1);
    for (size_t i = 1; i < count; i++)
        if (values[i - 1] > values[i]) return 1;

    char *composite = calloc(count, 1);
    size_t primes = 0;
    for (size_t i = 2; i < count; i++) {
        if (composite[i]) continue;
        primes++;
        for (size_t multiple = i * i; multiple < count; multiple += i) composite[multiple] = 1;
    }
    printf("%d %d %zu\n", values[0], values[count / 2], primes);
    return 0;
}
