// Loaded into the processes of a cluster by LD_PRELOAD. Before each step of the write path that it sees it tells the harness
// by the Unix socket FAULTS_SOCKET, and waits for the answer: so all faults are put in while the cluster stands at that step.
// What a step is, who is the victim, and when all is well again is decided by breakpoints.py; nothing is decided here.
//
// Told of are, for files below FAULTS_FOLDER: create, allocate, write, attribute, sync, rename; and, after it, synced. The
// tag is the first bytes that are written, or the old name. An answer can let each of them fail with an error number. `space` asks whether the disk shall look full. `send` comes when one
// kind of connection has sent another 256 KiB, and for each send while the harness has asked for that.
//
// A second connection takes the names of connections to be shut down in both directions: `up` are those that others have made
// to this process, `master` those to the master, `down` those to other chunk servers, `all` is all of them.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum { TAG = 16, LINE = 2 * PATH_MAX + 256, SENT_STEP = 256 << 10, DESCRIPTORS = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_MAX];
static int channel = -1, orders = -1;
static int own_port, master_port;
static atomic_int tells_sends;

#define REAL(name) __extension__({ \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
    real; })

// The harness.

static int join(const char *kind) {
    const char *path = getenv("FAULTS_SOCKET"), *name = getenv("FAULTS_NAME");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char line[256];
    int length = snprintf(line, sizeof line, "%s\t%s\t%d\n", kind, name ? name : "?", getpid());
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0 ||
        REAL(send)(descriptor, line, length, MSG_NOSIGNAL) != length) {
        dprintf(2, "faults.c: no harness at %s: %s\n", path, strerror(errno));
        abort();
    }
    return descriptor;
}

// Returns whether a line came; without a harness nothing is done any more.
static int read_line(int descriptor, char *line, size_t size) {
    for (size_t length = 0; length + 1 < size;) {
        ssize_t count = recv(descriptor, line + length, 1, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return 0;
        if (line[length] == '\n') {
            line[length] = 0;
            return 1;
        }
        length++;
    }
    return 0;
}

enum side { UP, DOWN, MASTER, SIDES };
static const char *const side_names[] = {"up", "down", "master"};

static int port_of(int (*call)(int, struct sockaddr *, socklen_t *), int descriptor) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (call(descriptor, (struct sockaddr *)&address, &size) != 0) return 0;
    if (address.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return 0;
}

// Where a TCP connection goes to; SIDES for what is none.
static enum side side_of(int descriptor) {
    int peer = port_of(getpeername, descriptor);
    if (!peer) return SIDES;
    if (own_port && port_of(getsockname, descriptor) == own_port) return UP;
    return peer == master_port ? MASTER : DOWN;
}

static void cut(const char *which) {
    for (int descriptor = 0; descriptor < DESCRIPTORS; descriptor++) {
        enum side side = side_of(descriptor);
        if (side != SIDES && (strcmp(which, "all") == 0 || strcmp(which, side_names[side]) == 0))
            shutdown(descriptor, SHUT_RDWR);
    }
}

static void *follow_orders(void *unused) {
    char line[64];
    while (read_line(orders, line, sizeof line)) {
        cut(line);
        if (REAL(send)(orders, "done\n", 5, MSG_NOSIGNAL) != 5) break;
    }
    return unused;
}

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("FAULTS_FOLDER"), *own = getenv("FAULTS_PORT"), *master = getenv("FAULTS_MASTER_PORT");
    if (!getenv("FAULTS_SOCKET")) return;
    snprintf(folder, sizeof folder, "%s", where ? where : "");
    own_port = own ? atoi(own) : 0;
    master_port = master ? atoi(master) : 0;
    channel = join("events");
    orders = join("orders");
    pthread_t thread;
    pthread_create(&thread, NULL, follow_orders, NULL);
    pthread_detach(thread);
}

// Tells of a step and waits; for longer where the node is to be slow. Returns the error that it is to fail with, or 0.
static int tell(const char *step, const char *what, long long offset, long long length, const char *tag) {
    if (channel < 0) return 0;
    int number = errno, failure = 0, tells = -1, delay = 0;
    char line[LINE];
    int count = snprintf(line, sizeof line, "%s\t%s\t%lld\t%lld\t%s\n", step, what, offset, length, tag ? tag : "");
    pthread_mutex_lock(&lock);
    if (REAL(send)(channel, line, count, MSG_NOSIGNAL) == count && read_line(channel, line, sizeof line) &&
        sscanf(line, "%d %d %d", &failure, &tells, &delay) == 3)
        tells_sends = tells;
    pthread_mutex_unlock(&lock);
    if (delay > 0) usleep(delay);
    errno = number;
    return failure;
}

#define FAIL_IF_TOLD(step, what, offset, length, tag) do { \
    int failure = tell(step, what, offset, length, tag); \
    if (failure) { \
        errno = failure; \
        return -1; \
    } } while (0)

// What is watched.

static int is_inside(const char *path) {
    size_t count = strlen(folder);
    return count > 0 && strncmp(path, folder, count) == 0 && (path[count] == '/' || path[count] == 0);
}

// Whether it is a file or folder that is watched; `path` is where it stands.
static int is_watched(int descriptor, char *path) {
    if (channel < 0 || !folder[0]) return 0;
    int number = errno, result = 0;
    char link[64];
    struct stat status;
    if (fstat(descriptor, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
        ssize_t length = readlink(link, path, PATH_MAX - 1);
        if (length > 0) {
            path[length] = 0;
            result = is_inside(path);
        }
    }
    errno = number;
    return result;
}

// Files.

static void take_tag(char *tag, const struct iovec *parts, int count) {
    int length = 0;
    for (int part = 0; part < count && length < TAG; part++)
        for (size_t byte = 0; byte < parts[part].iov_len && length < TAG; byte++) {
            char value = ((const char *)parts[part].iov_base)[byte];
            tag[length++] = value >= ' ' && value <= '~' ? value : '?';
        }
    tag[length] = 0;
}

static size_t total(const struct iovec *parts, int count) {
    size_t length = 0;
    for (int part = 0; part < count; part++) length += parts[part].iov_len;
    return length;
}

#define WRITE(descriptor, parts, count, offset, call) do { \
    char path[PATH_MAX], tag[TAG + 1]; \
    if (is_watched(descriptor, path)) { \
        take_tag(tag, parts, count); \
        FAIL_IF_TOLD("write", path, offset, total(parts, count), tag); \
    } \
    return call; } while (0)

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    struct iovec part = {(void *)bytes, count};
    WRITE(descriptor, &part, 1, offset, REAL(pwrite)(descriptor, bytes, count, offset));
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    return pwrite(descriptor, bytes, count, offset);
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset) {
    WRITE(descriptor, parts, count, offset, REAL(pwritev)(descriptor, parts, count, offset));
}

ssize_t pwritev64(int descriptor, const struct iovec *parts, int count, off64_t offset) {
    return pwritev(descriptor, parts, count, offset);
}

static mode_t mode_of(int flags, va_list arguments) {
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

static int open_at(int at, const char *path, int flags, mode_t mode) {
    if (flags & O_CREAT && is_inside(path) && access(path, F_OK) != 0) FAIL_IF_TOLD("create", path, 0, 0, NULL);
    return REAL(openat)(at, path, flags, mode);
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

int fallocate(int descriptor, int mode, off_t offset, off_t length) {
    char path[PATH_MAX];
    if (is_watched(descriptor, path)) FAIL_IF_TOLD("allocate", path, offset, length, NULL);
    return REAL(fallocate)(descriptor, mode, offset, length);
}

int fallocate64(int descriptor, int mode, off64_t offset, off64_t length) {
    return fallocate(descriptor, mode, offset, length);
}

// Declared by <sys/xattr.h>, which not every machine has.
int fsetxattr(int descriptor, const char *name, const void *value, size_t size, int flags) {
    static int (*real)(int, const char *, const void *, size_t, int);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "fsetxattr");
    char path[PATH_MAX];
    if (is_watched(descriptor, path)) FAIL_IF_TOLD("attribute", path, 0, size, NULL);
    return real(descriptor, name, value, size, flags);
}

static int sync_by(int (*call)(int), int descriptor) {
    char path[PATH_MAX];
    int watched = is_watched(descriptor, path);
    if (watched) FAIL_IF_TOLD("sync", path, 0, 0, NULL);
    int result = call(descriptor);
    if (watched && result == 0) tell("synced", path, 0, 0, NULL);
    return result;
}

int fsync(int descriptor) { return sync_by(REAL(fsync), descriptor); }
int fdatasync(int descriptor) { return sync_by(REAL(fdatasync), descriptor); }

int renameat2(int from, const char *source, int to, const char *target, unsigned int flags) {
    if (is_inside(target)) FAIL_IF_TOLD("rename", target, 0, 0, source);
    return REAL(renameat2)(from, source, to, target, flags);
}

int rename(const char *source, const char *target) { return renameat2(AT_FDCWD, source, AT_FDCWD, target, 0); }

static int is_full(const char *path) { return is_inside(path) && tell("space", path, 0, 0, NULL) != 0; }

int statvfs(const char *path, struct statvfs *status) {
    int result = REAL(statvfs)(path, status);
    if (result == 0 && is_full(path)) status->f_bavail = status->f_bfree = 0;
    return result;
}

int statvfs64(const char *path, struct statvfs64 *status) {
    int result = REAL(statvfs64)(path, status);
    if (result == 0 && is_full(path)) status->f_bavail = status->f_bfree = 0;
    return result;
}

// Connections.

static atomic_llong sent[SIDES];

// Tells of bytes that are about to leave by a TCP connection.
static void tell_send(int descriptor, size_t count) {
    if (channel < 0) return;
    int number = errno;
    enum side side = side_of(descriptor);
    if (side != SIDES) {
        long long before = atomic_fetch_add(&sent[side], count);
        if (tells_sends || before / SENT_STEP != (before + (long long)count) / SENT_STEP)
            tell("send", side_names[side], before, count, NULL);
    }
    errno = number;
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    tell_send(descriptor, count);
    struct iovec part = {(void *)bytes, count};
    WRITE(descriptor, &part, 1, -1LL, REAL(write)(descriptor, bytes, count));
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    tell_send(descriptor, total(parts, count));
    WRITE(descriptor, parts, count, -1LL, REAL(writev)(descriptor, parts, count));
}

ssize_t send(int descriptor, const void *bytes, size_t count, int flags) {
    tell_send(descriptor, count);
    return REAL(send)(descriptor, bytes, count, flags);
}

ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags) {
    tell_send(descriptor, total(message->msg_iov, message->msg_iovlen));
    return REAL(sendmsg)(descriptor, message, flags);
}
