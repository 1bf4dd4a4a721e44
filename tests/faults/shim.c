/* Make the n-th I/O call below one folder fail, or kill the process there.
 *
 * Preloaded into a process (LD_PRELOAD), silent until fault_arm is called.  It counts the calls that
 * can change what is on the disk, or fail while something is written, for paths and descriptors
 * below the armed folder only, so the interpreter's own reading is left alone.
 *
 * Modes: 0 count only; 1 SIGKILL before the call; 2 the call fails once with EIO;
 *        3 every writing call from there on fails with ENOSPC.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char root[4096];
static int mode, armed;
static long at, count;

void fault_arm(const char *folder, int how, long n) {
    snprintf(root, sizeof root, "%s", folder);
    mode = how; at = n; count = 0; armed = 1;
}

long fault_disarm(void) { armed = 0; return count; }

static int below(const char *path) { return strncmp(path, root, strlen(root)) == 0; }

static int fd_below(int fd) {
    char link[64], path[4096];
    ssize_t size;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return below(path);
}

static int path_below(int dir, const char *path) {
    if (path[0] == '/') return below(path);
    return dir != AT_FDCWD && fd_below(dir);
}

/* Nonzero if the call must fail; errno is set. */
static int fault(int mine, int writes) {
    if (!armed || !mine) return 0;
    long now = ++count;
    if (mode == 1 && now == at) kill(getpid(), SIGKILL);
    if (mode == 2 && now == at) { errno = EIO; return 1; }
    if (mode == 3 && now >= at && writes) { errno = ENOSPC; return 1; }
    return 0;
}

#define REAL(type, name, args) \
    static type(*real) args; \
    if (!real) real = (type(*) args)dlsym(RTLD_NEXT, name)

#define OPEN(name)                                                             \
    int name(const char *path, int flags, ...) {                               \
        REAL(int, #name, (const char *, int, ...));                            \
        va_list list; va_start(list, flags);                                   \
        mode_t bits = va_arg(list, mode_t); va_end(list);                      \
        if (fault(armed && path_below(AT_FDCWD, path), flags & O_CREAT)) return -1; \
        return real(path, flags, bits);                                        \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                           \
    int name(int dir, const char *path, int flags, ...) {                      \
        REAL(int, #name, (int, const char *, int, ...));                       \
        va_list list; va_start(list, flags);                                   \
        mode_t bits = va_arg(list, mode_t); va_end(list);                      \
        if (fault(armed && path_below(dir, path), flags & O_CREAT)) return -1; \
        return real(dir, path, flags, bits);                                   \
    }
OPENAT(openat)
OPENAT(openat64)

ssize_t write(int fd, const void *data, size_t size) {
    REAL(ssize_t, "write", (int, const void *, size_t));
    if (fault(armed && fd_below(fd), 1)) return -1;
    return real(fd, data, size);
}

ssize_t writev(int fd, const struct iovec *parts, int num) {
    REAL(ssize_t, "writev", (int, const struct iovec *, int));
    if (fault(armed && fd_below(fd), 1)) return -1;
    return real(fd, parts, num);
}

#define PWRITE(name)                                                           \
    ssize_t name(int fd, const void *data, size_t size, off_t where) {         \
        REAL(ssize_t, #name, (int, const void *, size_t, off_t));              \
        if (fault(armed && fd_below(fd), 1)) return -1;                        \
        return real(fd, data, size, where);                                    \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

#define ON_FD(name, writes)                                                    \
    int name(int fd) {                                                         \
        REAL(int, #name, (int));                                               \
        if (fault(armed && fd_below(fd), writes)) return -1;                   \
        return real(fd);                                                       \
    }
ON_FD(fsync, 1)
ON_FD(fdatasync, 1)

#define TRUNCATE(name)                                                         \
    int name(int fd, off_t size) {                                             \
        REAL(int, #name, (int, off_t));                                        \
        if (fault(armed && fd_below(fd), 1)) return -1;                        \
        return real(fd, size);                                                 \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

int flock(int fd, int kind) {
    REAL(int, "flock", (int, int));
    if (fault(armed && fd_below(fd), 0)) return -1;
    return real(fd, kind);
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", (const char *, const char *));
    if (fault(armed && path_below(AT_FDCWD, to), 1)) return -1;
    return real(from, to);
}

int renameat(int a, const char *from, int b, const char *to) {
    REAL(int, "renameat", (int, const char *, int, const char *));
    if (fault(armed && path_below(b, to), 1)) return -1;
    return real(a, from, b, to);
}

int mkdir(const char *path, mode_t bits) {
    REAL(int, "mkdir", (const char *, mode_t));
    if (fault(armed && path_below(AT_FDCWD, path), 1)) return -1;
    return real(path, bits);
}

int unlink(const char *path) {
    REAL(int, "unlink", (const char *));
    if (fault(armed && path_below(AT_FDCWD, path), 0)) return -1;
    return real(path);
}

int unlinkat(int dir, const char *path, int flags) {
    REAL(int, "unlinkat", (int, const char *, int));
    if (fault(armed && path_below(dir, path), 0)) return -1;
    return real(dir, path, flags);
}

int rmdir(const char *path) {
    REAL(int, "rmdir", (const char *));
    if (fault(armed && path_below(AT_FDCWD, path), 0)) return -1;
    return real(path);
}
