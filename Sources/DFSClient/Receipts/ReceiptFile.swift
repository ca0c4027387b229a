import DFSCore
import DFSFiles
import NIOCore

/// What a ``ReceiptLog`` has written, read line by line.
public struct ReceiptFile: Sendable {
    /// The longest line that is read; one with 200,000 chunks on three servers each has some 50 MB.
    private static let maxLineBytes = 256 << 20
    private static let step = 1 << 20

    private let path: String
    private let file: any OpenFile

    /// - Throws: ``DFSError`` where the file cannot be read.
    public init(_ path: String) throws(DFSError) { try self.init(path, files: PosixFileSystem()) }

    package init(_ path: String, files: any FileSystem) throws(DFSError) {
        self.path = path
        file = try files.open(path, .reading)
    }

    /// Calls `visit` with the number of each line, from 1, and the receipt on it, or why there is none. Empty lines are left
    /// out. Blocks.
    ///
    /// - Throws: ``DFSError`` where the file cannot be read on; what `visit` throws.
    public func forEach(
        _ visit: (Int, Result<Receipt, DFSError>) async throws -> Void
    ) async throws {
        var number = 0
        var rest: [UInt8] = []
        var offset: Int64 = 0
        while true {
            let part = try file.read(upTo: Self.step, at: offset)
            let isAtEnd = part.readableBytes == 0
            offset += Int64(part.readableBytes)
            var unread = part.readableBytesView[...]
            while let newline = unread.firstIndex(of: UInt8(ascii: "\n")) {
                number += 1
                try await take(rest + unread[..<newline], number, visit)
                rest = []
                unread = unread[(newline + 1)...]
            }
            rest += unread
            guard rest.count <= Self.maxLineBytes else {
                throw DFSError(.invalidArgument, "\(path): line \(number + 1) is too long for a receipt")
            }
            if isAtEnd { break }
        }
        try await take(rest, number + 1, visit)
    }

    private func take(
        _ line: [UInt8], _ number: Int, _ visit: (Int, Result<Receipt, DFSError>) async throws -> Void
    ) async throws {
        if !line.isEmpty { try await visit(number, Self.receipt(line)) }
    }

    private static func receipt(_ line: [UInt8]) -> Result<Receipt, DFSError> {
        guard let text = String(validating: line, as: UTF8.self) else {
            return .failure(DFSError(.invalidArgument, "this is no text in UTF-8"))
        }
        do throws(DFSError) {
            return .success(try Receipt(line: text))
        } catch {
            return .failure(error)
        }
    }
}
