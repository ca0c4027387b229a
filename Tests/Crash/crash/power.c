// Loaded into dfs-master by LD_PRELOAD. Before each change of a file below POWER_FOLDER it appends to the file
// POWER_JOURNAL what takes the change back, and after each sync how far the journal is done with. power.py reads that and
// cuts the power: it takes back what was not synced.
//
// POWER_KEPT is a folder on the same file system, where removed and replaced files get a second name, so that they can
// return. POWER_LIES=1 makes syncs do nothing and say that they did. Once there is a file POWER_KILL with a number n in it,
// the process is killed at the n-th record from then on: after the record, before what it is of.
//
// SQLite's -shm file is memory that processes share, and not durable: it is left out. What this does not see, such as a
// file written through mmap, shows in the self-test, which takes back everything and compares.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

// Bytes of a file: `payload` old bytes at `offset` of a range of `length`, in a file that was `old_length` long. Names of a
// folder `inode`: made (payload: the name), gone (name, second name), moved (source, target, second name of a file that
// was replaced), each ended by a zero. Synced: records of `inode` before the position `offset` of the journal are durable.
enum kind { BYTES = 1, MADE, GONE, MOVED, SYNCED };

struct record {
    uint64_t kind, inode, offset, length, old_length, payload;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX], kept[PATH_MAX];
static int journal = -1;
static int lies;
static long records_left;

#define REAL(name) __extension__({ \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
    real; })

static void fail(const char *what) {
    dprintf(2, "power.c: %s: %s\n", what, strerror(errno));
    abort();
}

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("POWER_FOLDER"), *file = getenv("POWER_JOURNAL"), *second = getenv("POWER_KEPT");
    if (!where || !file || !second) return;
    snprintf(folder, sizeof folder, "%s", where);
    snprintf(kept, sizeof kept, "%s", second);
    lies = getenv("POWER_LIES") != NULL;
    journal = REAL(open)(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (journal < 0) fail(file);
}

// Counts down to the record that is the last one.
static void count_down(void) {
    const char *file = getenv("POWER_KILL");
    if (records_left == 0 && file) {
        char number[16] = "";
        int descriptor = REAL(open)(file, O_RDONLY | O_CLOEXEC);
        if (descriptor < 0) return;
        if (read(descriptor, number, sizeof number - 1) > 0) records_left = atol(number);
        close(descriptor);
    }
    if (records_left > 0 && --records_left == 0) kill(getpid(), SIGKILL);
}

static void append(struct record record, const void *payload) {
    struct iovec parts[] = {{&record, sizeof record}, {(void *)payload, record.payload}};
    if (REAL(writev)(journal, parts, 2) != (ssize_t)(sizeof record + record.payload)) fail("cannot write the journal");
    int number = errno;
    count_down();
    errno = number;
}

// What is watched: descriptors and paths.

static int is_inside(const char *path) {
    size_t count = strlen(folder), length = strlen(path);
    if (journal < 0 || strncmp(path, folder, count) != 0 || path[count] != '/') return 0;
    return length < 4 || strcmp(path + length - 4, "-shm") != 0;
}

static int path_of(int descriptor, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return 1;
}

// Whether the descriptor is of the folder or of a file below it.
static int is_watched(int descriptor, struct stat *status) {
    int number = errno, result = 0;
    char path[PATH_MAX];
    if (journal >= 0 && fstat(descriptor, status) == 0 && (S_ISREG(status->st_mode) || S_ISDIR(status->st_mode)) &&
        path_of(descriptor, path))
        result = is_inside(path) || strcmp(path, folder) == 0;
    errno = number;
    return result;
}

// Makes the path absolute, its folder without symbolic links, and tells whether it is below the watched folder; `inode` is
// its folder's then, and `name` its last part.
static int is_watched_path(int at, const char *path, char *whole, uint64_t *inode, const char **name) {
    int number = errno, result = 0;
    char joined[PATH_MAX * 2] = "", base[PATH_MAX], parent[PATH_MAX];
    if (journal >= 0 && path) {
        if (path[0] != '/' && at != AT_FDCWD && path_of(at, base))
            snprintf(joined, sizeof joined, "%s/%s", base, path);
        else
            snprintf(joined, sizeof joined, "%s%s", path[0] == '/' ? "" : "./", path);
        char *slash = strrchr(joined, '/');
        *slash = 0;
        struct stat status;
        if (realpath(slash == joined ? "/" : joined, parent) && stat(parent, &status) == 0 &&
            snprintf(whole, PATH_MAX, "%s/%s", parent, slash + 1) < PATH_MAX && is_inside(whole)) {
            *inode = status.st_ino;
            *name = strrchr(whole, '/') + 1;
            result = 1;
        }
    }
    errno = number;
    return result;
}

// Records, made under the lock and before the change.

static void record_bytes(int descriptor, const struct stat *status, off_t offset, off_t length) {
    int number = errno;
    off_t old = status->st_size > offset ? status->st_size - offset : 0;
    if (old > length) old = length;
    char *bytes = NULL;
    if (old > 0) {
        // By a descriptor of its own: the other may be for writing only.
        char link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
        int reader = REAL(open)(link, O_RDONLY | O_CLOEXEC);
        bytes = malloc(old);
        if (reader < 0 || !bytes || pread(reader, bytes, old, offset) != old) fail("cannot read what is overwritten");
        close(reader);
    }
    append((struct record){BYTES, status->st_ino, offset, length, status->st_size, old}, bytes);
    free(bytes);
    errno = number;
}

// The new length of a file; what is cut off is kept.
static void record_length(int descriptor, const struct stat *status, off_t length) {
    off_t first = length < status->st_size ? length : status->st_size;
    record_bytes(descriptor, status, first, status->st_size - first);
}

static void record_names(enum kind kind, uint64_t inode, uint64_t moved, const char *a, const char *b, const char *c) {
    char names[3 * PATH_MAX];
    size_t length = 0;
    for (const char *const *name = (const char *const[]){a, b, c, NULL}; *name; name++)
        length += 1 + snprintf(names + length, sizeof names - length, "%s", *name);
    append((struct record){kind, inode, moved, 0, 0, length}, names);
}

// Gives the file a second name, so that it outlives this one; an empty name where there is none.
static void keep(const char *path, char *name) {
    int number = errno;
    char target[PATH_MAX + 64];
    snprintf(name, 64, "%lld", (long long)lseek(journal, 0, SEEK_END));
    snprintf(target, sizeof target, "%s/%s", kept, name);
    unlink(target);
    if (REAL(link)(path, target) != 0) {
        if (errno != ENOENT) fail(path);
        name[0] = 0;
    }
    errno = number;
}

// The calls.

#define LOCKED(body) do { pthread_mutex_lock(&lock); body; pthread_mutex_unlock(&lock); } while (0)

static int open_at(int at, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX];
    uint64_t inode;
    const char *name;
    int result;
    if (!(flags & (O_CREAT | O_TRUNC)) || !is_watched_path(at, path, whole, &inode, &name))
        return REAL(openat)(at, path, flags, mode);
    LOCKED({
        struct stat status;
        int number = errno;
        if (lstat(whole, &status) != 0) {
            if (flags & O_CREAT) record_names(MADE, inode, 0, name, NULL, NULL);
        } else if ((flags & O_TRUNC) && status.st_size > 0) {
            int reader = REAL(open)(whole, O_RDONLY | O_CLOEXEC);
            if (reader < 0) fail(whole);
            record_length(reader, &status, 0);
            close(reader);
        }
        errno = number;
        result = REAL(openat)(at, path, flags, mode);
    });
    return result;
}

static mode_t mode_of(int flags, va_list arguments) {
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

#define WITH_MODE(call) do { \
    va_list arguments; \
    va_start(arguments, flags); \
    mode_t mode = mode_of(flags, arguments); \
    va_end(arguments); \
    return call; } while (0)

int open(const char *path, int flags, ...) { WITH_MODE(open_at(AT_FDCWD, path, flags, mode)); }
int open64(const char *path, int flags, ...) { WITH_MODE(open_at(AT_FDCWD, path, flags | O_LARGEFILE, mode)); }
int openat(int at, const char *path, int flags, ...) { WITH_MODE(open_at(at, path, flags, mode)); }
int openat64(int at, const char *path, int flags, ...) { WITH_MODE(open_at(at, path, flags | O_LARGEFILE, mode)); }
int creat(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

// A call that changes `length` bytes from `offset`.
#define CHANGE(type, descriptor, offset, length, call) do { \
    struct stat status; \
    if (!is_watched(descriptor, &status)) return call; \
    type result; \
    LOCKED({ \
        fstat(descriptor, &status); \
        record_bytes(descriptor, &status, offset, length); \
        result = call; \
    }); \
    return result; } while (0)

// Where a write without an offset goes.
#define HERE(descriptor) \
    (fcntl(descriptor, F_GETFL) & O_APPEND ? status.st_size : lseek(descriptor, 0, SEEK_CUR))

static size_t total(const struct iovec *parts, int count) {
    size_t length = 0;
    for (int part = 0; part < count; part++) length += parts[part].iov_len;
    return length;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    CHANGE(ssize_t, descriptor, HERE(descriptor), count, REAL(write)(descriptor, bytes, count));
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    CHANGE(ssize_t, descriptor, HERE(descriptor), total(parts, count), REAL(writev)(descriptor, parts, count));
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    CHANGE(ssize_t, descriptor, offset, count, REAL(pwrite)(descriptor, bytes, count, offset));
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    return pwrite(descriptor, bytes, count, offset);
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
    CHANGE(ssize_t, descriptor, offset, total(parts, count), REAL(pwritev)(descriptor, parts, count, offset));
}

ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off64_t offset) {
    return pwritev(descriptor, parts, count, offset);
}

ssize_t pwritev2(int descriptor, const struct iovec *parts, int count, off_t offset, int flags) {
    CHANGE(ssize_t, descriptor, offset < 0 ? HERE(descriptor) : offset, total(parts, count),
           REAL(pwritev2)(descriptor, parts, count, offset, flags));
}

ssize_t pwritev64v2(int descriptor, const struct iovec *parts, int count, off64_t offset, int flags) {
    return pwritev2(descriptor, parts, count, offset, flags);
}

// A call that gives the file another length, unless `length` is negative.
#define RESIZE(descriptor, new_length, call) do { \
    struct stat status; \
    if (!is_watched(descriptor, &status)) return call; \
    int result; \
    LOCKED({ \
        fstat(descriptor, &status); \
        record_length(descriptor, &status, new_length); \
        result = call; \
    }); \
    return result; } while (0)

int ftruncate(int descriptor, off_t length) { RESIZE(descriptor, length, REAL(ftruncate)(descriptor, length)); }
int ftruncate64(int descriptor, off64_t length) { return ftruncate(descriptor, length); }

int truncate(const char *path, off_t length) {
    int descriptor = REAL(open)(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return -1;
    int result = ftruncate(descriptor, length), number = errno;
    close(descriptor);
    errno = number;
    return result;
}

int truncate64(const char *path, off64_t length) { return truncate(path, length); }

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
    struct stat status;
    if ((mode & ~(FALLOC_FL_KEEP_SIZE)) != 0 && is_watched(descriptor, &status)) fail("fallocate that moves bytes");
    if (mode & FALLOC_FL_KEEP_SIZE) return REAL(fallocate)(descriptor, mode, offset, length);
    RESIZE(descriptor, status.st_size > offset + length ? status.st_size : offset + length,
           REAL(fallocate)(descriptor, mode, offset, length));
}

int fallocate64(int descriptor, int mode, off64_t offset, off64_t length) {
    return fallocate(descriptor, mode, offset, length);
}

int posix_fallocate(int descriptor, off_t offset, off_t length) {
    RESIZE(descriptor, status.st_size > offset + length ? status.st_size : offset + length,
           REAL(posix_fallocate)(descriptor, offset, length));
}

int posix_fallocate64(int descriptor, off64_t offset, off64_t length) {
    return posix_fallocate(descriptor, offset, length);
}

int unlinkat(int at, const char *path, int flags) {
    char whole[PATH_MAX], second[64];
    uint64_t inode;
    const char *name;
    int result;
    if (!is_watched_path(at, path, whole, &inode, &name)) return REAL(unlinkat)(at, path, flags);
    LOCKED({
        keep(whole, second);
        if (second[0]) record_names(GONE, inode, 0, name, second, NULL);
        result = REAL(unlinkat)(at, path, flags);
    });
    return result;
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }

int remove(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 && !S_ISDIR(status.st_mode) ? unlink(path) : REAL(remove)(path);
}

int renameat2(int from, const char *source, int to, const char *target, unsigned int flags) {
    char whole_source[PATH_MAX], whole_target[PATH_MAX], second[64] = "";
    uint64_t inode, other;
    const char *name, *new_name;
    int leaves = is_watched_path(from, source, whole_source, &inode, &name), result;
    int enters = is_watched_path(to, target, whole_target, &other, &new_name);
    if (!leaves && !enters) return REAL(renameat2)(from, source, to, target, flags);
    if (!leaves || !enters || inode != other || flags & RENAME_EXCHANGE) fail("rename between folders, or an exchange");
    LOCKED({
        struct stat status;
        if (lstat(whole_source, &status) == 0) {
            if (!(flags & RENAME_NOREPLACE)) keep(whole_target, second);
            record_names(MOVED, inode, status.st_ino, name, new_name, second);
        }
        result = REAL(renameat2)(from, source, to, target, flags);
    });
    return result;
}

int renameat(int from, const char *source, int to, const char *target) {
    return renameat2(from, source, to, target, 0);
}

int rename(const char *source, const char *target) { return renameat2(AT_FDCWD, source, AT_FDCWD, target, 0); }

int linkat(int from, const char *source, int to, const char *target, int flags) {
    char whole[PATH_MAX];
    uint64_t inode;
    const char *name;
    int result;
    if (!is_watched_path(to, target, whole, &inode, &name)) return REAL(linkat)(from, source, to, target, flags);
    LOCKED({
        if (access(whole, F_OK) != 0) record_names(MADE, inode, 0, name, NULL, NULL);
        result = REAL(linkat)(from, source, to, target, flags);
    });
    return result;
}

int link(const char *source, const char *target) { return linkat(AT_FDCWD, source, AT_FDCWD, target, 0); }

static int sync_by(int (*call)(int), int descriptor) {
    struct stat status;
    if (!is_watched(descriptor, &status)) return call(descriptor);
    if (lies) return 0;
    off_t before;
    LOCKED(before = lseek(journal, 0, SEEK_END));
    int result = call(descriptor);
    // Changes of other threads that were recorded meanwhile may not be part of it.
    if (result == 0) LOCKED(append((struct record){SYNCED, status.st_ino, before, 0, 0, 0}, NULL));
    return result;
}

int fsync(int descriptor) { return sync_by(REAL(fsync), descriptor); }
int fdatasync(int descriptor) { return sync_by(REAL(fdatasync), descriptor); }
