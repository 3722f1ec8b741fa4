/*
 * Records what a process does to files, in the order in which it happens: preloaded into the engine's process and its
 * children, it sees what Node, its threads, SQLite and `sync` ask of the C library.
 *
 * The log ($PERMAFROST_RECORD) holds one record per act; recording.ts reads it and says what is in it. Files and
 * folders are named by inode, so that it does not matter by which path or descriptor they were reached. Each act and
 * its record are done under one lock, which all recorded processes share: the order in the log is the order in fact.
 *
 * Syncs are recorded and not done: what they would have made durable is worked out from the log. A call that cannot be
 * recorded (data that never passes through this process) is recorded as such, and whoever reads the log refuses it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum act {
  CREATED = 1, /* first: folder, second: inode, number: mode; name */
  FOLDER_MADE, /* as above */
  LINK_MADE,   /* as above; data: where it leads */
  NAMED,       /* first: folder, second: inode; name */
  UNNAMED,     /* first: folder; name */
  RENAMED,     /* first: folder; name, second: folder; other */
  WRITTEN,     /* first: inode, number: offset; data */
  SIZED,       /* first: inode, number: bytes */
  SYNCED,      /* first: inode, number: 1 if of data alone */
  ALL_SYNCED,
  MODE_SET, /* first: inode, number: mode */
  TIME_SET, /* first: inode, second: nanoseconds, number: seconds */
  UNKNOWN,  /* name: the call */
};

struct record {
  uint32_t bytes; /* of the record, this header included */
  uint32_t act;
  uint64_t first;
  uint64_t second;
  int64_t number;
  uint32_t name_bytes;
  uint32_t other_bytes;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int log_fd = -1;
static dev_t log_dev;

#define REAL(name) \
  static __typeof__(&name) real; \
  if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static void before_fork(void) { pthread_mutex_lock(&mutex); }
static void after_fork(void) { pthread_mutex_unlock(&mutex); }

static void complain(const char *what) {
  dprintf(2, "recorder: %s: %s\n", what, strerror(errno));
  _exit(97);
}

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("PERMAFROST_RECORD");
  if (path == NULL) return;
  REAL(open);
  int fd = real(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) complain("cannot open the log");
  /* Far away from the descriptors that a process hands to its children by number. */
  int far = fcntl(fd, F_DUPFD_CLOEXEC, 500);
  struct stat st;
  if (far < 0 || fstat(far, &st) != 0) complain("cannot keep the log");
  close(fd);
  log_dev = st.st_dev;
  log_fd = far;
  pthread_atfork(before_fork, after_fork, after_fork);
}

static void lock(void) {
  pthread_mutex_lock(&mutex);
  if (log_fd >= 0) flock(log_fd, LOCK_EX);
}

static void unlock(void) {
  int kept = errno;
  if (log_fd >= 0) flock(log_fd, LOCK_UN);
  pthread_mutex_unlock(&mutex);
  errno = kept;
}

/* To be called under the lock. */
static void note(enum act act, uint64_t first, uint64_t second, int64_t number, const char *name, const char *other,
                 const struct iovec *data, int pieces, size_t data_bytes) {
  if (log_fd < 0) return;
  int kept = errno;
  size_t name_bytes = name ? strlen(name) : 0, other_bytes = other ? strlen(other) : 0;
  struct record head = {
      (uint32_t)(sizeof head + name_bytes + other_bytes + data_bytes), act, first, second, number,
      (uint32_t)name_bytes, (uint32_t)other_bytes};
  char *bytes = malloc(head.bytes);
  if (bytes == NULL) complain("no memory");
  memcpy(bytes, &head, sizeof head);
  memcpy(bytes + sizeof head, name ? name : "", name_bytes);
  memcpy(bytes + sizeof head + name_bytes, other ? other : "", other_bytes);
  size_t at = sizeof head + name_bytes + other_bytes;
  for (int i = 0; i < pieces && at < head.bytes; i++) {
    size_t part = data[i].iov_len < head.bytes - at ? data[i].iov_len : head.bytes - at;
    memcpy(bytes + at, data[i].iov_base, part);
    at += part;
  }
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) real = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  if (real(log_fd, bytes, head.bytes) != (ssize_t)head.bytes) complain("cannot write the log");
  free(bytes);
  errno = kept;
}

static void note_names(enum act act, uint64_t first, const char *name, uint64_t second, const char *other,
                       int64_t number) {
  note(act, first, second, number, name, other, NULL, 0, 0);
}

static void note_unknown(const char *call) {
  lock();
  note(UNKNOWN, 0, 0, 0, call, NULL, NULL, 0, 0);
  unlock();
}

/* The folder a path leads to and the name in it. Whether both are on the log's file system. */
struct place {
  uint64_t folder;
  char name[NAME_MAX + 1];
};

static int place_of(int dir, const char *path, struct place *place) {
  int kept = errno;
  char folder[PATH_MAX];
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/') length--;
  size_t cut = length;
  while (cut > 0 && path[cut - 1] != '/') cut--;
  int fits = length - cut <= NAME_MAX && cut + 2 < sizeof folder;
  struct stat st;
  if (fits) {
    memcpy(folder, path, cut);
    strcpy(folder + cut, ".");
    memcpy(place->name, path + cut, length - cut);
    place->name[length - cut] = 0;
    fits = fstatat(dir, folder, &st, 0) == 0 && st.st_dev == log_dev;
    if (fits) place->folder = st.st_ino;
  }
  errno = kept;
  return fits;
}

static int stat_at(int dir, const char *path, int flags, struct stat *st) {
  int kept = errno;
  int found = fstatat(dir, path, st, flags) == 0;
  errno = kept;
  return found;
}

/* Whether data written there belongs in the log. */
static int is_ours(int fd, struct stat *st) {
  int kept = errno;
  int ours = log_fd >= 0 && fd != log_fd && fstat(fd, st) == 0 && st->st_dev == log_dev &&
             (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode));
  errno = kept;
  return ours;
}

/* ---- opening ---- */

typedef int (*opener)(int, const char *, int, ...);

static int open_noted(opener real, int dir, const char *path, int flags, mode_t mode) {
  if ((flags & O_TMPFILE) == O_TMPFILE) note_unknown("open with O_TMPFILE");
  if (log_fd < 0 || (flags & (O_CREAT | O_TRUNC)) == 0) return real(dir, path, flags, mode);
  lock();
  struct stat before, after;
  int was_there = stat_at(dir, path, 0, &before);
  int fd = real(dir, path, flags, mode);
  if (fd >= 0 && is_ours(fd, &after)) {
    struct place place;
    if (!was_there && place_of(dir, path, &place))
      note_names(CREATED, place.folder, place.name, after.st_ino, NULL, after.st_mode & 07777);
    else if (was_there && (flags & O_TRUNC) && before.st_size > 0)
      note(SIZED, after.st_ino, 0, 0, NULL, NULL, NULL, 0, 0);
  }
  unlock();
  return fd;
}

#define MODE_ARGUMENT(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { \
    va_list more; \
    va_start(more, flags); \
    mode = va_arg(more, mode_t); \
    va_end(more); \
  }

int openat(int dir, const char *path, int flags, ...) {
  REAL(openat);
  MODE_ARGUMENT(flags)
  return open_noted((opener)real, dir, path, flags, mode);
}
int openat64(int dir, const char *path, int flags, ...) {
  REAL(openat64);
  MODE_ARGUMENT(flags)
  return open_noted((opener)real, dir, path, flags, mode);
}
static int open_here(const char *path, int flags, mode_t mode) {
  static opener real;
  if (!real) real = (opener)dlsym(RTLD_NEXT, "openat");
  return open_noted(real, AT_FDCWD, path, flags, mode);
}
int open(const char *path, int flags, ...) {
  MODE_ARGUMENT(flags)
  return open_here(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  MODE_ARGUMENT(flags)
  return open_here(path, flags | O_LARGEFILE, mode);
}
int creat(const char *path, mode_t mode) { return open_here(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

/* ---- writing ---- */

static ssize_t written(int fd, const struct stat *st, off_t offset, ssize_t done, const struct iovec *data,
                       int pieces) {
  if (done > 0) {
    off_t at = offset >= 0 ? offset : lseek(fd, 0, SEEK_CUR) - done;
    note(WRITTEN, st->st_ino, 0, at, NULL, NULL, data, pieces, (size_t)done);
  }
  return done;
}

ssize_t write(int fd, const void *bytes, size_t count) {
  REAL(write);
  struct stat st;
  if (!is_ours(fd, &st)) return real(fd, bytes, count);
  struct iovec data = {(void *)bytes, count};
  lock();
  ssize_t done = written(fd, &st, -1, real(fd, bytes, count), &data, 1);
  unlock();
  return done;
}
ssize_t writev(int fd, const struct iovec *data, int pieces) {
  REAL(writev);
  struct stat st;
  if (!is_ours(fd, &st)) return real(fd, data, pieces);
  lock();
  ssize_t done = written(fd, &st, -1, real(fd, data, pieces), data, pieces);
  unlock();
  return done;
}

#define WRITES_AT(name) \
  ssize_t name(int fd, const void *bytes, size_t count, off_t offset) { \
    REAL(name); \
    struct stat st; \
    if (!is_ours(fd, &st)) return real(fd, bytes, count, offset); \
    struct iovec data = {(void *)bytes, count}; \
    lock(); \
    ssize_t done = written(fd, &st, offset, real(fd, bytes, count, offset), &data, 1); \
    unlock(); \
    return done; \
  }
WRITES_AT(pwrite)
WRITES_AT(pwrite64)

#define WRITES_PIECES_AT(name) \
  ssize_t name(int fd, const struct iovec *data, int pieces, off_t offset) { \
    REAL(name); \
    struct stat st; \
    if (!is_ours(fd, &st)) return real(fd, data, pieces, offset); \
    lock(); \
    ssize_t done = written(fd, &st, offset, real(fd, data, pieces, offset), data, pieces); \
    unlock(); \
    return done; \
  }
WRITES_PIECES_AT(pwritev)
WRITES_PIECES_AT(pwritev64)

#define SIZES(name) \
  int name(int fd, off_t size) { \
    REAL(name); \
    struct stat st; \
    int ours = is_ours(fd, &st); \
    lock(); \
    int result = real(fd, size); \
    if (result == 0 && ours) note(SIZED, st.st_ino, 0, size, NULL, NULL, NULL, 0, 0); \
    unlock(); \
    return result; \
  }
SIZES(ftruncate)
SIZES(ftruncate64)

#define SIZES_BY_PATH(name) \
  int name(const char *path, off_t size) { \
    REAL(name); \
    struct stat st; \
    lock(); \
    int result = real(path, size); \
    if (result == 0 && stat_at(AT_FDCWD, path, 0, &st) && st.st_dev == log_dev) \
      note(SIZED, st.st_ino, 0, size, NULL, NULL, NULL, 0, 0); \
    unlock(); \
    return result; \
  }
SIZES_BY_PATH(truncate)
SIZES_BY_PATH(truncate64)

/* ---- names ---- */

typedef int (*dropper)(int, const char *, int);

static int drop_noted(int dir, const char *path, int flags) {
  static dropper real;
  if (!real) real = (dropper)dlsym(RTLD_NEXT, "unlinkat");
  lock();
  struct place place;
  int ours = place_of(dir, path, &place);
  int result = real(dir, path, flags);
  if (result == 0 && ours) note_names(UNNAMED, place.folder, place.name, 0, NULL, 0);
  unlock();
  return result;
}
int unlinkat(int dir, const char *path, int flags) { return drop_noted(dir, path, flags); }
int unlink(const char *path) { return drop_noted(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return drop_noted(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
  struct stat st;
  int is_folder = stat_at(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &st) && S_ISDIR(st.st_mode);
  return drop_noted(AT_FDCWD, path, is_folder ? AT_REMOVEDIR : 0);
}

typedef int (*renamer)(int, const char *, int, const char *, unsigned int);

static int rename_noted(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags) {
  static renamer real;
  if (!real) real = (renamer)dlsym(RTLD_NEXT, "renameat2");
  if (flags & ~(unsigned int)RENAME_NOREPLACE) note_unknown("renameat2 with other flags");
  lock();
  struct place old, new;
  int leaves = place_of(from_dir, from, &old), arrives = place_of(to_dir, to, &new);
  int result = real(from_dir, from, to_dir, to, flags);
  if (result == 0 && leaves && arrives) note_names(RENAMED, old.folder, old.name, new.folder, new.name, 0);
  unlock();
  return result;
}
int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags) {
  return rename_noted(from_dir, from, to_dir, to, flags);
}
int renameat(int from_dir, const char *from, int to_dir, const char *to) {
  return rename_noted(from_dir, from, to_dir, to, 0);
}
int rename(const char *from, const char *to) { return rename_noted(AT_FDCWD, from, AT_FDCWD, to, 0); }

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags) {
  REAL(linkat);
  lock();
  struct place place;
  struct stat st;
  int ours = place_of(to_dir, to, &place);
  int result = real(from_dir, from, to_dir, to, flags);
  if (result == 0 && ours && stat_at(to_dir, to, AT_SYMLINK_NOFOLLOW, &st))
    note_names(NAMED, place.folder, place.name, st.st_ino, NULL, 0);
  unlock();
  return result;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int symlinkat(const char *where, int dir, const char *path) {
  REAL(symlinkat);
  lock();
  struct place place;
  struct stat st;
  int ours = place_of(dir, path, &place);
  int result = real(where, dir, path);
  if (result == 0 && ours && stat_at(dir, path, AT_SYMLINK_NOFOLLOW, &st)) {
    struct iovec data = {(void *)where, strlen(where)};
    note(LINK_MADE, place.folder, st.st_ino, 0777, place.name, NULL, &data, 1, strlen(where));
  }
  unlock();
  return result;
}
int symlink(const char *where, const char *path) { return symlinkat(where, AT_FDCWD, path); }

int mkdirat(int dir, const char *path, mode_t mode) {
  REAL(mkdirat);
  lock();
  struct place place;
  struct stat st;
  int ours = place_of(dir, path, &place);
  int result = real(dir, path, mode);
  if (result == 0 && ours && stat_at(dir, path, AT_SYMLINK_NOFOLLOW, &st))
    note_names(FOLDER_MADE, place.folder, place.name, st.st_ino, NULL, st.st_mode & 07777);
  unlock();
  return result;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

/* ---- modes and times ---- */

static void note_status(enum act act, const struct stat *st) {
  if (log_fd < 0 || st->st_dev != log_dev) return;
  if (act == MODE_SET) note(act, st->st_ino, 0, st->st_mode & 07777, NULL, NULL, NULL, 0, 0);
  else note(act, st->st_ino, (uint64_t)st->st_mtim.tv_nsec, st->st_mtim.tv_sec, NULL, NULL, NULL, 0, 0);
}

int fchmod(int fd, mode_t mode) {
  REAL(fchmod);
  struct stat st;
  lock();
  int result = real(fd, mode);
  if (result == 0 && fstat(fd, &st) == 0) note_status(MODE_SET, &st);
  unlock();
  return result;
}
int fchmodat(int dir, const char *path, mode_t mode, int flags) {
  REAL(fchmodat);
  struct stat st;
  lock();
  int result = real(dir, path, mode, flags);
  if (result == 0 && stat_at(dir, path, 0, &st)) note_status(MODE_SET, &st);
  unlock();
  return result;
}
int chmod(const char *path, mode_t mode) { return fchmodat(AT_FDCWD, path, mode, 0); }

int futimens(int fd, const struct timespec times[2]) {
  REAL(futimens);
  struct stat st;
  lock();
  int result = real(fd, times);
  if (result == 0 && fstat(fd, &st) == 0) note_status(TIME_SET, &st);
  unlock();
  return result;
}
int utimensat(int dir, const char *path, const struct timespec times[2], int flags) {
  REAL(utimensat);
  struct stat st;
  lock();
  int result = real(dir, path, times, flags);
  if (result == 0 && stat_at(dir, path, flags, &st)) note_status(TIME_SET, &st);
  unlock();
  return result;
}

/* ---- syncs: recorded, not done ---- */

static int sync_noted(int fd, int data_alone) {
  struct stat st;
  if (fstat(fd, &st) != 0) return -1;
  lock();
  if (log_fd >= 0 && st.st_dev == log_dev) note(SYNCED, st.st_ino, 0, data_alone, NULL, NULL, NULL, 0, 0);
  unlock();
  return 0;
}
int fsync(int fd) { return sync_noted(fd, 0); }
int fdatasync(int fd) { return sync_noted(fd, 1); }
int syncfs(int fd) {
  (void)fd;
  lock();
  note(ALL_SYNCED, 0, 0, 0, NULL, NULL, NULL, 0, 0);
  unlock();
  return 0;
}
void sync(void) { syncfs(0); }

/* ---- what this does not see into ---- */

#define REFUSES(result, name, parameters, arguments) \
  result name parameters { \
    REAL(name); \
    note_unknown(#name); \
    return real arguments; \
  }
REFUSES(int, fallocate, (int fd, int mode, off_t offset, off_t count), (fd, mode, offset, count))
REFUSES(int, fallocate64, (int fd, int mode, off_t offset, off_t count), (fd, mode, offset, count))
REFUSES(int, posix_fallocate, (int fd, off_t offset, off_t count), (fd, offset, count))
REFUSES(int, posix_fallocate64, (int fd, off_t offset, off_t count), (fd, offset, count))
REFUSES(int, sync_file_range, (int fd, off64_t offset, off64_t count, unsigned int flags),
        (fd, offset, count, flags))
REFUSES(ssize_t, copy_file_range,
        (int from, off64_t *from_at, int to, off64_t *to_at, size_t count, unsigned int flags),
        (from, from_at, to, to_at, count, flags))
