CFLAGS = -O2
objects = hello-main.o hello-text.o

all: hello-from-make

hello-from-make: $(objects)
	gcc -o $@ $(objects)

hello-main.c:
	printf '#include <stdio.h>\nconst char *text(void);\nint main(void) { puts(text()); return 0; }\n' > $@

hello-text.c:
	printf 'const char *text(void) { return "made"; }\n' > $@

%.o: %.c
	gcc $(CFLAGS) -c -o $@ $<

clean:
	rm -f hello-from-make $(objects) hello-main.c hello-text.c
