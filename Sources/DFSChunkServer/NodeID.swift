import DFSCore

/// Makes ids for new nodes.
enum NodeID {
    /// 128 random bits in hexadecimal.
    static func random() -> String {
        hex(.random(in: 0...UInt64.max), digits: 16) + hex(.random(in: 0...UInt64.max), digits: 16)
    }
}
