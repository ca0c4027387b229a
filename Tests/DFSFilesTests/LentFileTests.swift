import CLinux
import DFSCore
import DFSFiles
import Foundation
import Glibc
import NIOCore
import Testing

/// Open files that pass from one process to another; here, from one thread to another.
@Suite struct LentFileTests {
    private static let token = [UInt8](0..<16)
    private let files = PosixFileSystem()

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = NSTemporaryDirectory() + "dfs-lent-" + UUID().uuidString
        try files.makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }

    /// Listens at a path, takes one connection, reads a token, and hands the connection to `answer`.
    private func withListener(
        in folder: String, _ answer: @escaping @Sendable (Int32, [UInt8]) throws -> Void,
        _ body: (String) async throws -> Void
    ) async throws {
        let path = folder + "/s"
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0 && listen(listener, 1) == 0)
        let server = Task.detached {
            let connection = accept(listener, nil, nil)
            defer { close(connection) }
            var token = [UInt8](repeating: 0, count: 16)
            let count = recv(connection, &token, 16, Int32(MSG_WAITALL))
            try answer(connection, Array(token.prefix(max(0, count))))
        }
        try await body(path)
        try await server.value
        close(listener)
    }

    @Test func theReceiverReadsWhatTheSenderOpened() async throws {
        try await withFolder { folder in
            let made = try files.open(folder + "/f", .creating)
            try made.write([ByteBuffer(string: "some bytes")], at: 0)
            let reading = try files.open(folder + "/f", .reading)
            _ = try files.remove(folder + "/f")
            try await withListener(in: folder) { socket, token in
                #expect(token == Self.token)
                try LentFile.send(reading, over: socket)
            } _: { path in
                let lent = try LentFile.receive(from: path, showing: Self.token, within: 5)
                #expect(try lent.size() == 10)
                #expect(try String(buffer: lent.read(upTo: 99, at: 5)) == "bytes")
                // It was opened for reading, so it is for reading.
                #expect(throws: DFSError.self) { try lent.write([ByteBuffer(string: "x")], at: 0) }
            }
        }
    }

    @Test func whoClosesInsteadGivesAnError() async throws {
        try await withFolder { folder in
            try await withListener(in: folder) { _, _ in
            } _: { path in
                let error = #expect(throws: DFSError.self) {
                    try LentFile.receive(from: path, showing: Self.token, within: 5)
                }
                #expect(error?.message.hasPrefix("cannot get a file from \(path)") == true)
            }
        }
    }

    @Test func whatIsNoFileIsRefused() async throws {
        try await withFolder { folder in
            try await withListener(in: folder) { socket, _ in
                var ends: [Int32] = [0, 0]
                try #require(pipe(&ends) == 0)
                _ = dfs_send_descriptor(socket, ends[0])
                close(ends[0])
                close(ends[1])
            } _: { path in
                let error = #expect(throws: DFSError.self) {
                    try LentFile.receive(from: path, showing: Self.token, within: 5)
                }
                #expect(error?.message.contains("not a regular file") == true)
            }
        }
    }

    @Test(arguments: ["relative/no-socket", "/no/such/socket", String(repeating: "x", count: 108)])
    func aPathWithoutAListenerIsNamed(path: String) throws {
        let error = #expect(throws: DFSError.self) {
            try LentFile.receive(from: path, showing: Self.token, within: 5)
        }
        #expect(error?.message.contains(path) == true)
    }
}
