/*
 * A bad disk for a process under test: a library that is loaded into it (LD_PRELOAD) and lets reads and writes of some
 * files fail as the environment says in PERMAFROST_BAD_DISK, rules apart by ';', each `kind where number error`:
 *
 *   write   of files whose path has `where` in it, `number` bytes can still be written; what goes beyond is written in
 *           part, as full disks do, and then fails with `error` (a number of errno.h)
 *   read    of such files, what lies at `number` or behind it cannot be read
 *   short   of such files, a read gives at most `number` bytes
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_RULES 8

struct rule {
  char kind[8];
  char where[256];
  long long number;
  int error;
};

static struct rule rules[MOST_RULES];
static int rule_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void read_rules(void) {
  const char *text = getenv("PERMAFROST_BAD_DISK");
  char *copy = text == NULL ? NULL : strdup(text);
  char *rest = copy;
  for (char *one; rest != NULL && *rest != 0 && (one = strsep(&rest, ";")) != NULL && rule_count < MOST_RULES;) {
    struct rule *rule = &rules[rule_count];
    if (sscanf(one, "%7s %255s %lld %d", rule->kind, rule->where, &rule->number, &rule->error) != 4) {
      fprintf(stderr, "bad disk: no rule: %s\n", one);
      _exit(97);
    }
    rule_count++;
  }
  free(copy);
}

static struct rule *rule_for(int fd, const char *kind) {
  if (rule_count == 0) return NULL;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return NULL;
  path[length] = 0;
  for (int i = 0; i < rule_count; i++)
    if (strcmp(rules[i].kind, kind) == 0 && strstr(path, rules[i].where) != NULL) return &rules[i];
  return NULL;
}

/* How many of `wanted` bytes may be written now; -1 and errno when none. */
static ssize_t room(int fd, size_t wanted) {
  struct rule *rule = rule_for(fd, "write");
  if (rule == NULL || wanted == 0) return (ssize_t)wanted;
  pthread_mutex_lock(&lock);
  ssize_t granted = rule->number < (long long)wanted ? (ssize_t)rule->number : (ssize_t)wanted;
  rule->number -= granted;
  pthread_mutex_unlock(&lock);
  if (granted > 0) return granted;
  errno = rule->error;
  return -1;
}

/* How many of `wanted` bytes from `offset` may be read; -1 and errno when none. */
static ssize_t readable(int fd, size_t wanted, off_t offset) {
  struct rule *shorter = rule_for(fd, "short");
  if (shorter != NULL && (long long)wanted > shorter->number) wanted = (size_t)shorter->number;
  struct rule *bad = rule_for(fd, "read");
  if (bad == NULL || (long long)offset + (long long)wanted <= bad->number) return (ssize_t)wanted;
  if (offset < bad->number) return (ssize_t)(bad->number - offset);
  errno = bad->error;
  return -1;
}

#define REAL(name, result, ...) \
  static result (*real)(__VA_ARGS__); \
  if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, name)

ssize_t write(int fd, const void *bytes, size_t count) {
  REAL("write", ssize_t, int, const void *, size_t);
  ssize_t granted = room(fd, count);
  return granted < 0 ? -1 : real(fd, bytes, (size_t)granted);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
  REAL("pwrite", ssize_t, int, const void *, size_t, off_t);
  ssize_t granted = room(fd, count);
  return granted < 0 ? -1 : real(fd, bytes, (size_t)granted, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  return pwrite(fd, bytes, count, offset);
}

/* Pieces one by one: a piece that is cut ends it. */
ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset) {
  ssize_t written = 0;
  for (int i = 0; i < count; i++) {
    ssize_t done = pwrite(fd, pieces[i].iov_base, pieces[i].iov_len, offset + written);
    if (done < 0) return written > 0 ? written : -1;
    written += done;
    if ((size_t)done < pieces[i].iov_len) break;
  }
  return written;
}

ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off64_t offset) {
  return pwritev(fd, pieces, count, offset);
}

ssize_t read(int fd, void *into, size_t count) {
  REAL("read", ssize_t, int, void *, size_t);
  if (rule_for(fd, "read") == NULL && rule_for(fd, "short") == NULL) return real(fd, into, count);
  ssize_t granted = readable(fd, count, lseek(fd, 0, SEEK_CUR));
  return granted < 0 ? -1 : real(fd, into, (size_t)granted);
}

ssize_t pread(int fd, void *into, size_t count, off_t offset) {
  REAL("pread", ssize_t, int, void *, size_t, off_t);
  ssize_t granted = readable(fd, count, offset);
  return granted < 0 ? -1 : real(fd, into, (size_t)granted, offset);
}

ssize_t pread64(int fd, void *into, size_t count, off64_t offset) {
  return pread(fd, into, count, offset);
}
