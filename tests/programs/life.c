// Conway's life on a torus, run-length output, a hash of every generation: a program of many small functions for the compiler to chew.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 97
#define HEIGHT 61

typedef struct { unsigned char cells[HEIGHT][WIDTH]; int generation; } World;
typedef struct { uint64_t state; } Random;

static uint64_t next_random(Random *random)
{
    random->state ^= random->state << 13;
    random->state ^= random->state >> 7;
    random->state ^= random->state << 17;
    return random->state;
}

static World *create_world(uint64_t seed, double density)
{
    World *world = calloc(1, sizeof *world);
    Random random = { seed };
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            world->cells[y][x] = (double)(next_random(&random) % 10000) / 10000.0 < density;
    return world;
}

static int wrap(int value, int size) { return (value + size) % size; }

static int neighbours(const World *world, int x, int y)
{
    int count = 0;
    for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++)
            if (dx || dy) count += world->cells[wrap(y + dy, HEIGHT)][wrap(x + dx, WIDTH)];
    return count;
}

static void advance(World *world)
{
    World next = *world;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            int count = neighbours(world, x, y);
            next.cells[y][x] = count == 3 || (count == 2 && world->cells[y][x]);
        }
    next.generation++;
    *world = next;
}

static uint32_t hash(const World *world)
{
    uint32_t value = 2166136261u;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) value = (value ^ world->cells[y][x]) * 16777619u;
    return value;
}

static int population(const World *world)
{
    int count = 0;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) count += world->cells[y][x];
    return count;
}

static void print_row(const World *world, int y)
{
    for (int x = 0; x < WIDTH;) {
        int run = 1;
        while (x + run < WIDTH && world->cells[y][x + run] == world->cells[y][x]) run++;
        printf("%d%c", run, world->cells[y][x] ? 'o' : 'b');
        x += run;
    }
    putchar('\n');
}

static double entropy(const World *world)
{
    double alive = (double)population(world) / (WIDTH * HEIGHT);
    return alive > 0 && alive < 1 ? alive * (1 - alive) * 4 : 0;
}

int main(int argc, char **argv)
{
    int generations = argc > 1 ? atoi(argv[1]) : 10;
    World *world = create_world(0x9E3779B97F4A7C15u, 0.31);
    for (int i = 0; i < generations; i++) {
        advance(world);
        if (i % 10 == 0) printf("%4d %08x %5d %.6f\n", world->generation, hash(world), population(world), entropy(world));
    }
    for (int y = 0; y < HEIGHT; y += 10) print_row(world, y);
    free(world);
    return 0;
}
