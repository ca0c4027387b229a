import DFSCore

extension ChunkDataFrame {
    /// CRC-32C of ``data`` as it is, whatever ``checksum`` says.
    package var computedChecksum: UInt32 {
        var crc = CRC32C()
        for segment in data { segment.withUnsafeReadableBytes { crc.update($0) } }
        return crc.value
    }
}
