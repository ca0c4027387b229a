import Foundation
import Testing

extension ClusterTests {
    /// Peak resident memory while a large file moves. Takes minutes and 16 GiB of disk, so it runs only when
    /// `DFS_TEST_LARGE` is set; `DFS_BIN` should then name a folder with release binaries.
    @Suite(.enabled(if: ProcessInfo.processInfo.environment["DFS_TEST_LARGE"] != nil, "set DFS_TEST_LARGE to run it"))
    struct MemoryTests {
        private static let limitKiB = 96 << 10

        @Test func noProcessGrowsWithAFileOfFourGibibytes() async throws {
            try await Cluster.run(.init(chunkSize: "64MB", liveThreshold: "30s", heartbeatInterval: "5s")) { cluster in
                let source = try cluster.folder.sparseFile("in", bytes: 4 << 30)
                let target = try cluster.folder.folder("out")
                let put = try await cluster.client("put", source, "f", within: .seconds(400))
                #expect(put.status == 0, "\(put.stderr)")
                let get = try await cluster.client("get", "f", target, within: .seconds(400))
                #expect(get.status == 0, "\(get.stderr)")
                #expect(TestFolder.areEqual("\(target)/f", source))
                var peaks = ["put": put.peakKiB, "get": get.peakKiB]
                for (name, node) in [
                    ("master", cluster.master), ("cs0", cluster.server(0)), ("cs1", cluster.server(1)),
                ] {
                    peaks[name] = node?.peakSoFarKiB
                }
                for (name, peak) in peaks { #expect(peak > 0 && peak < Self.limitKiB, "\(name): \(peak) KiB") }
                print("peak resident memory in KiB: \(peaks.sorted { $0.key < $1.key })")
            }
        }
    }
}

extension ChildProcess {
    /// The largest resident size so far of a process that runs, in KiB; 0 where that cannot be read.
    var peakSoFarKiB: Int {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }
}

extension TestFolder {
    /// A file of `bytes` bytes, mostly holes, with a mark in each MiB that tells where it belongs.
    func sparseFile(_ name: String, bytes: Int) throws -> String {
        guard FileManager.default.createFile(atPath: file(name), contents: nil),
            let handle = FileHandle(forWritingAtPath: file(name))
        else { throw FixtureError("cannot write \(file(name))") }
        defer { try? handle.close() }
        try handle.truncate(atOffset: UInt64(bytes))
        for offset in stride(from: 0, to: bytes, by: 1 << 20) {
            try handle.seek(toOffset: UInt64(offset))
            try handle.write(contentsOf: Data("mark at \(offset)".utf8))
        }
        return file(name)
    }
}
