import Foundation

/// A temporary folder of one test.
struct TestFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "dfs-cluster-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// The path of `name` in it.
    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// A new folder in it.
    func folder(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: file(name), withIntermediateDirectories: true)
        return file(name)
    }

    /// A file of `bytes` bytes that do not compress, the same for the same `seed`.
    func randomFile(_ name: String, bytes: Int, seed: UInt64 = 1) throws -> String {
        guard FileManager.default.createFile(atPath: file(name), contents: nil),
            let handle = FileHandle(forWritingAtPath: file(name))
        else { throw FixtureError("cannot write \(file(name))") }
        defer { try? handle.close() }
        var generator = SplitMix64(state: seed &* 0x9E37_79B9 &+ UInt64(bytes))
        var left = bytes
        while left > 0 {
            let size = min(left, 1 << 20)
            let words = (0..<(size + 7) / 8).map { _ in generator.next() }
            try handle.write(contentsOf: words.withUnsafeBytes { Data($0.prefix(size)) })
            left -= size
        }
        return file(name)
    }

    /// Whether both files hold the same bytes; a missing file equals none.
    static func areEqual(_ first: String, _ second: String) -> Bool {
        FileManager.default.contentsEqual(atPath: first, andPath: second)
    }

    /// The names in `folder`, sorted; empty where there is no such folder.
    static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }
}

/// A small random generator with a seed, so that a failing run can be repeated.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
