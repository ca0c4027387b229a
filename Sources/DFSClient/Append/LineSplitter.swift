import DFSCore
import NIOCore

/// Cuts what comes in pieces into lines.
struct LineSplitter {
    /// Bytes that a line may have.
    let maxByteCount: Int
    private var line: [UInt8] = []
    private var number = 1

    init(maxByteCount: Int) { self.maxByteCount = maxByteCount }

    /// The lines that end in `piece`, without their newlines.
    ///
    /// - Throws: ``DFSError`` of code ``DFSError/Code/invalidArgument`` where a line is too long.
    mutating func take(_ piece: ByteBuffer) throws(DFSError) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var bytes = piece.readableBytesView[...]
        while let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
            try add(bytes[..<end])
            lines.append(line)
            line = []
            number += 1
            bytes = bytes[bytes.index(after: end)...]
        }
        try add(bytes)
        return lines
    }

    /// What stands behind the last newline; `nil` for nothing.
    var rest: [UInt8]? { line.isEmpty ? nil : line }

    private mutating func add(_ bytes: ByteBufferView) throws(DFSError) {
        guard line.count + bytes.count <= maxByteCount else {
            throw DFSError(
                .invalidArgument, "line \(number) has more than \(maxByteCount) bytes, too many for a record")
        }
        line += bytes
    }
}
