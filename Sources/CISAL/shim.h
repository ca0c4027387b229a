#ifndef DFS_CISAL_SHIM_H
#define DFS_CISAL_SHIM_H

// No inline is needed: only the CRC part is used, whose header is plain C. The umbrella header <isa-l.h> would pull in
// the whole library's names.
#include <isa-l/crc.h>

#endif
