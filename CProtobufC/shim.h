#ifndef DFS_CPROTOBUFC_SHIM_H
#define DFS_CPROTOBUFC_SHIM_H

#include <protobuf-c/protobuf-c.h>

// What a scan of raw bytes must know of a field's type. Exists because Swift does not import the enumerators of
// ProtobufCType.
static inline int dfs_field_is_string(const ProtobufCFieldDescriptor *field) {
    return field->type == PROTOBUF_C_TYPE_STRING;
}

static inline int dfs_field_is_bytes(const ProtobufCFieldDescriptor *field) {
    return field->type == PROTOBUF_C_TYPE_BYTES;
}

// The description of a nested message, or NULL where the field is none. Exists for the same reason, and because the
// header gives the description as a void pointer that means an enum's description in other fields.
static inline const ProtobufCMessageDescriptor *dfs_field_nested_message(const ProtobufCFieldDescriptor *field) {
    return field->type == PROTOBUF_C_TYPE_MESSAGE ? (const ProtobufCMessageDescriptor *)field->descriptor : NULL;
}

#endif
