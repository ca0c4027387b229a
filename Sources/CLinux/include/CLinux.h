// Linux calls that Swift's Glibc module does not show, each with the signature of its manual page. One line each in
// CLinux.c, but for those that need macros; anything that Glibc shows does not belong here.
#ifndef DFS_CLINUX_H
#define DFS_CLINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// renameat2(2) with RENAME_NOREPLACE on two paths: needs _GNU_SOURCE.
int dfs_rename_noreplace(const char *source, const char *target);

/// sync_file_range(2) with SYNC_FILE_RANGE_WRITE: needs _GNU_SOURCE.
int dfs_start_writeback(int descriptor, off_t offset, off_t count);

/// fcntl(2) with F_SETFL: sets or clears O_DIRECT, which needs _GNU_SOURCE.
int dfs_set_direct(int descriptor, int direct);

/// fcntl(2) with F_GETFL: whether O_DIRECT is set, which needs _GNU_SOURCE.
int dfs_is_direct(int descriptor);

/// fstatfs(2): whether the file is on tmpfs. <sys/vfs.h> is in no module of Glibc.
int dfs_lives_in_memory(int descriptor);

/// fallocate(2) with FALLOC_FL_KEEP_SIZE from the file's start: needs _GNU_SOURCE.
int dfs_set_aside(int descriptor, off_t length);

/// fsetxattr(2), replacing: <sys/xattr.h> is in no module of Glibc.
int dfs_set_attribute(int descriptor, const char *name, const void *value, size_t count);

/// fgetxattr(2): <sys/xattr.h> is in no module of Glibc.
ssize_t dfs_get_attribute(int descriptor, const char *name, void *value, size_t capacity);

/// ioprio_set(2), which has no wrapper: the calling thread's reads wait for those of others, where the disk's scheduler
/// knows such a class.
int dfs_rest_while_others_read(void);

/// sendmsg(2) of one byte with SCM_RIGHTS, see unix(7): passes a descriptor to the process at the other end of a Unix
/// socket. Never waits.
int dfs_send_descriptor(int socket, int descriptor);

/// recvmsg(2) of what ``dfs_send_descriptor`` sent; ECONNRESET where the other end has closed instead. The descriptor is
/// the caller's.
int dfs_receive_descriptor(int socket);

/// mallopt(3): freed blocks of up to `bytes` stay in the heap instead of going back to the kernel, which would hand
/// them out again as fresh, slow pages. At most `arenas` heaps.
void dfs_keep_freed_memory(int bytes, int arenas);

#endif
