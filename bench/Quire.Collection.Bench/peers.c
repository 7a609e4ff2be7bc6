/* GCBench and binary trees in C, under glibc's malloc and free, or under the Boehm collector (-DBOEHM): peers gcbench|trees DEPTH [HEAP BYTES] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/resource.h>
#ifdef BOEHM
#include <gc.h>
#define NEW(type) ((type *)GC_MALLOC(sizeof(type)))
#define IS_MANUAL 0
#else
#define NEW(type) ((type *)calloc(1, sizeof(type)))
#define IS_MANUAL 1
#endif

typedef struct node { struct node *left, *right; long number; } node;
typedef struct tree { struct tree *left, *right; } tree;

static void populate(int depth, node *n) {
    if (depth > 0) {
        n->left = NEW(node);
        n->right = NEW(node);
        populate(depth - 1, n->left);
        populate(depth - 1, n->right);
    }
}

static node *make(int depth) {
    node *left = NULL, *right = NULL, *n;
    if (depth > 0) { left = make(depth - 1); right = make(depth - 1); }
    n = NEW(node);
    n->left = left;
    n->right = right;
    return n;
}

static tree *make_tree(int depth) {
    tree *left = NULL, *right = NULL, *t;
    if (depth > 0) { left = make_tree(depth - 1); right = make_tree(depth - 1); }
    t = NEW(tree);
    t->left = left;
    t->right = right;
    return t;
}

static long count(node *n) { return n ? 1 + count(n->left) + count(n->right) : 0; }
static long count_tree(tree *t) { return t->left ? 1 + count_tree(t->left) + count_tree(t->right) : 1; }
static void drop(node *n) { if (IS_MANUAL && n) { drop(n->left); drop(n->right); free(n); } }
static void drop_tree(tree *t) { if (IS_MANUAL && t) { drop_tree(t->left); drop_tree(t->right); free(t); } }

static long gcbench(int stretch) {
    int long_depth = stretch - 2, depth, i;
    long nodes = 0;
    drop(make(stretch));
    node *long_lived = NEW(node);
    populate(long_depth, long_lived);
#ifdef BOEHM
    double *numbers = GC_MALLOC_ATOMIC(500000 * sizeof(double));
#else
    double *numbers = malloc(500000 * sizeof(double));
#endif
    for (i = 0; i < 250000; i++) numbers[i] = 1.0 / (i + 1);
    for (depth = 4; depth <= long_depth; depth += 2) {
        int rounds = 2 * ((1L << (stretch + 1)) - 1) / ((1L << (depth + 1)) - 1);
        for (i = 0; i < rounds; i++) {
            node *root = NEW(node);
            populate(depth, root);
            if (i == 0) nodes += count(root);
            drop(root);
        }
        for (i = 0; i < rounds; i++) {
            node *root = make(depth);
            if (i == 0) nodes += count(root);
            drop(root);
        }
    }
    return nodes + count(long_lived) + (numbers[1000] == 0);
}

static long trees(int most) {
    tree *stretch = make_tree(most + 1), *long_lived;
    long nodes = count_tree(stretch);
    int depth, i;
    drop_tree(stretch);
    stretch = NULL;
    long_lived = make_tree(most);
    for (depth = 4; depth <= most; depth += 2) {
        int rounds = 1 << (most - depth + 4);
        for (i = 0; i < rounds; i++) {
            tree *t = make_tree(depth);
            nodes += count_tree(t);
            drop_tree(t);
        }
    }
    return nodes + count_tree(long_lived);
}

int main(int argc, char **argv) {
    struct rusage usage;
    long nodes;
    if (argc < 3) return 2;
#ifdef BOEHM
    GC_INIT();
    if (argc > 3) GC_set_max_heap_size(atol(argv[3]));
#endif
    nodes = strcmp(argv[1], "gcbench") == 0 ? gcbench(atoi(argv[2])) : trees(atoi(argv[2]));
    getrusage(RUSAGE_SELF, &usage);
    printf("%ld\t%ld\n", (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000, nodes);
    return 0;
}
