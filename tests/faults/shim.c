/* What if the process is killed at this very system call, the disk fails it, or the power goes?
 *
 * Loaded with LD_PRELOAD before the program under test. It numbers the calls that make things durable or visible (fsync,
 * fdatasync, rename, link, unlink) on files below FAULT_ROOT, as long as the file FAULT_ARM exists:
 *   FAULT_KILL=n    SIGKILL instead of call n;  FAULT_KILL_AFTER=n  right after call n
 *   FAULT_EIO=n     call n fails with EIO, if it is fsync or fdatasync
 *   FAULT_NOSYNC=1  fsync and fdatasync do nothing and say that all is well: a control that every check must notice
 *   FAULT_LATE=1    they are done half a second after they were answered: another control
 *   FAULT_RETRY=n   call n fails, if it is one of them, and is tried again without telling: another control
 * Everything that happens to those files is written to FAULT_LOG, so that a power cut can be played afterwards: what was not
 * synced is taken away. One line each:
 *   W inode end | B thread inode (a sync begins) | S thread inode (it succeeded) | F thread inode (it failed)
 *   C inode path | M inode path (a folder) | R inode from to | U path | P n (the call is number n)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *root, *arm;
static int log_fd = -1, nosync, late;
static long kill_at, kill_after, eio_at, retry_at;
static atomic_long calls;

__attribute__((constructor)) static void begin(void) {
    root = getenv("FAULT_ROOT");
    arm = getenv("FAULT_ARM");
    const char *log = getenv("FAULT_LOG"), *text;
    if (log) log_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if ((text = getenv("FAULT_KILL"))) kill_at = atol(text);
    if ((text = getenv("FAULT_KILL_AFTER"))) kill_after = atol(text);
    if ((text = getenv("FAULT_EIO"))) eio_at = atol(text);
    if ((text = getenv("FAULT_RETRY"))) retry_at = atol(text);
    nosync = getenv("FAULT_NOSYNC") != NULL;
    late = getenv("FAULT_LATE") != NULL;
}

static void note(const char *format, ...) {
    if (log_fd < 0) return;
    int saved = errno;
    char line[8500];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(line, sizeof line, format, list);
    va_end(list);
    if (length > 0 && length < (int)sizeof line) syscall(SYS_write, log_fd, line, length);
    errno = saved;
}

/* Objects and the database; the index and caches are made again when they are lost. */
static int is_ours(const char *path) {
    if (!root || !path) return 0;
    size_t length = strlen(root);
    if (strncmp(path, root, length) != 0 || (path[length] != '/' && path[length] != 0)) return 0;
    const char *rest = path + length;
    return strncmp(rest, "/objects", 8) == 0 || strncmp(rest, "/wenshu.db", 10) == 0 || rest[0] == 0;
}

static int path_of(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, size - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_ours(path);
}

static unsigned long long inode_of_fd(int fd) {
    struct stat meta;
    return fstat(fd, &meta) == 0 ? meta.st_ino : 0;
}

static unsigned long long inode_of(const char *path) {
    struct stat meta;
    return stat(path, &meta) == 0 ? meta.st_ino : 0;
}

/* Numbers a call; does not return when the process dies here. Returns 1 when it is to fail. */
static int point(long *number) {
    *number = 0;
    if (!arm || syscall(SYS_faccessat, AT_FDCWD, arm, F_OK) != 0) return 0;
    *number = atomic_fetch_add(&calls, 1) + 1;
    note("P %ld\n", *number);
    if (kill_at && *number == kill_at) {
        syscall(SYS_kill, getpid(), SIGKILL);
        for (;;) pause();
    }
    return eio_at && *number == eio_at;
}

static void after(long number) {
    if (kill_after && number == kill_after) {
        syscall(SYS_kill, getpid(), SIGKILL);
        for (;;) pause();
    }
}

struct later { long call; int fd; long thread; unsigned long long inode; };

static void *sync_later(void *arg) {
    struct later *what = arg;
    usleep(500 * 1000);
    if (syscall(what->call, what->fd) == 0) note("S %ld %llu\n", what->thread, what->inode);
    syscall(SYS_close, what->fd);
    free(what);
    return NULL;
}

static int sync_with(long call, int fd) {
    char path[4096];
    if (!path_of(fd, path, sizeof path)) return syscall(call, fd);
    long number;
    long thread = syscall(SYS_gettid);
    unsigned long long inode = inode_of_fd(fd);
    int fails = point(&number);
    note("B %ld %llu\n", thread, inode);
    if (fails) {
        note("F %ld %llu\n", thread, inode);
        errno = EIO;
        return -1;
    }
    if (retry_at && number == retry_at) {
        note("F %ld %llu\n", thread, inode);
        note("B %ld %llu\n", thread, inode);
    }
    struct later *what = late && number ? malloc(sizeof *what) : NULL;
    if (what) {
        *what = (struct later){call, dup(fd), thread, inode};
        pthread_t worker;
        if (pthread_create(&worker, NULL, sync_later, what) == 0) pthread_detach(worker);
        after(number);
        return 0;
    }
    int skip = nosync && number;
    int result = skip ? 0 : syscall(call, fd);
    if (result == 0 && !skip) note("S %ld %llu\n", thread, inode);
    after(number);
    return result;
}

int fsync(int fd) { return sync_with(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_with(SYS_fdatasync, fd); }

static void wrote(int fd, long long end) {
    char path[4096];
    if (!path_of(fd, path, sizeof path)) return;
    if (end < 0) end = syscall(SYS_lseek, fd, 0, SEEK_CUR);
    note("W %llu %lld\n", inode_of_fd(fd), end);
}

ssize_t write(int fd, const void *bytes, size_t size) {
    ssize_t result = syscall(SYS_write, fd, bytes, size);
    if (result > 0) wrote(fd, -1);
    return result;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    ssize_t result = syscall(SYS_writev, fd, parts, count);
    if (result > 0) wrote(fd, -1);
    return result;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
    ssize_t result = syscall(SYS_pwrite64, fd, bytes, size, offset);
    if (result > 0) wrote(fd, offset + result);
    return result;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) { return pwrite64(fd, bytes, size, offset); }

static int open_with(const char *path, int flags, mode_t mode) {
    int makes = (flags & O_CREAT) && is_ours(path) && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) != 0;
    int fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (makes && fd >= 0) note("C %llu %s\n", inode_of_fd(fd), path);
    return fd;
}

int open(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(list, mode_t) : 0;
    va_end(list);
    return open_with(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(list, mode_t) : 0;
    va_end(list);
    return open_with(path, flags, mode);
}

int mkdir(const char *path, mode_t mode) {
    int result = syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (result == 0 && is_ours(path)) note("M %llu %s\n", inode_of(path), path);
    return result;
}

int rename(const char *from, const char *to) {
    if (!is_ours(to)) return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    long number;
    point(&number);
    int result = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (result == 0) note("R %llu %s %s\n", inode_of(to), from, to);
    after(number);
    return result;
}

int unlink(const char *path) {
    if (!is_ours(path)) return syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    long number;
    point(&number);
    int result = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (result == 0) note("U %s\n", path);
    after(number);
    return result;
}
