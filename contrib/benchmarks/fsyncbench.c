/* fsyncbench FILE COUNT [OCTETS]: how long a durable write takes on the disk of FILE.
 *
 * The file is written whole first and then overwritten from its beginning, as SQLite does with a write-ahead log that
 * has been checkpointed: each turn writes OCTETS (default two frames of a page) and calls fdatasync(2), which then has
 * no size to record. Prints p50, p99 and the greatest, in milliseconds. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FRAME = 4096 + 24, SPAN = 1 << 22 };

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double milliseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void failed(const char *what) {
  perror(what);
  exit(1);
}

int main(int argc, char **argv) {
  int count = argc > 2 ? atoi(argv[2]) : 0;
  size_t octets = argc > 3 ? strtoul(argv[3], NULL, 10) : 2 * FRAME;
  if (count < 1 || octets < 1 || octets > SPAN) {
    fputs("fsyncbench FILE COUNT [OCTETS]\n", stderr);
    return 2;
  }
  char *buffer = malloc(SPAN);
  double *taken = malloc(count * sizeof *taken);
  if (!buffer || !taken) failed("malloc");
  memset(buffer, 0x5a, SPAN);
  int file = open(argv[1], O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) failed(argv[1]);
  if (pwrite(file, buffer, SPAN, 0) != SPAN || fsync(file) != 0) failed(argv[1]);
  off_t at = 0;
  for (int i = 0; i < count; i++) {
    if (at + (off_t)octets > SPAN) at = 0;
    buffer[0] = (char)i;
    double start = milliseconds();
    if (pwrite(file, buffer, octets, at) != (ssize_t)octets || fdatasync(file) != 0) failed(argv[1]);
    taken[i] = milliseconds() - start;
    at += (off_t)octets;
  }
  unlink(argv[1]);
  qsort(taken, count, sizeof *taken, by_value);
  printf("%.3f %.3f %.3f\n", taken[(count - 1) / 2], taken[(count * 99 - 1) / 100], taken[count - 1]);
  return 0;
}
