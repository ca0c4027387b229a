#ifndef DFS_CPROTOBUFC_SHIM_H
#define DFS_CPROTOBUFC_SHIM_H

#include <protobuf-c/protobuf-c.h>

#endif
