import Testing

/// Tests over real processes: one at a time, since each has a cluster of its own on the machine's few cores.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ClusterTests {}
