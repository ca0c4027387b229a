import DFSCore
import DFSFiles
import DFSWire
import Dispatch
import NIOCore
import Testing

@testable import DFSClient

/// Replicas that are read from their files, where the disk or the bytes are not as they should be.
@Suite(.timeLimit(.minutes(1))) struct LocalReadingTests {
    private static let blockSize = 1000
    private static let bytes = (0..<3500).map { UInt8(truncatingIfNeeded: $0 / 7) }

    private func promise(blockSize: Int = Self.blockSize, length: Int? = nil) -> LendResponse {
        let sums = stride(from: 0, to: Self.bytes.count, by: blockSize).map {
            CRC32C.of(Self.bytes[$0..<min(Self.bytes.count, $0 + blockSize)])
        }
        return LendResponse(
            length: UInt64(length ?? Self.bytes.count), blockSize: UInt32(blockSize),
            checksums: sums.flatMap { sum in (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) } })
    }

    private func replica(_ file: FileOfTest, _ answer: LendResponse) throws -> LocalReplica {
        try LocalReplica(answer, of: "c") { () throws(DFSError) in file }
    }

    private func standing(_ wanted: Range<Int> = 0..<Int.max) -> FetchStanding {
        FetchStanding(
            expected: .init(length: Self.bytes.count, crc32c: CRC32C.of(Self.bytes[...])), wanted: wanted,
            isRewritable: false)
    }

    /// Reads into memory, and tells what has come and how it ended.
    private func read(
        _ file: FileOfTest, _ wanted: Range<Int> = 0..<Int.max
    ) async throws -> (bytes: [UInt8], error: (any Error)?) {
        let standing = standing(wanted)
        let target = MemoryTarget(wanted.clamped(to: 0..<Self.bytes.count))
        let reading = LocalReading(
            try replica(file, promise()), into: target, chunkOffset: 0, standing: standing,
            stallLimit: .seconds(3600))
        var failure: (any Error)?
        try await TestCluster.run(TestCluster.Wish(servers: [])) { cluster in
            do {
                let context = cluster.client.context
                let local = try #require(context.shortCircuit)
                try await reading.run(on: local.threads, context.group.next(), begin: {}, onPiece: {})
                try standing.checkWhole()
            } catch {
                failure = error
            }
        }
        return (target.bytes(standing.byteCount), failure)
    }

    @Test(arguments: [0..<Int.max, 0..<1, 999..<1001, 1000..<2000, 3400..<3500, 3499..<9999])
    func theBytesThatAreWantedCome(wanted: Range<Int>) async throws {
        let (bytes, error) = try await read(FileOfTest(Self.bytes), wanted)
        #expect(error == nil && bytes == Array(Self.bytes[wanted.clamped(to: 0..<Self.bytes.count)]))
    }

    @Test(arguments: [0, 1999, 3499])
    func noByteOfABlockThatHasRottedComes(place: Int) async throws {
        var rotten = Self.bytes
        rotten[place] ^= 4
        let (bytes, error) = try await read(FileOfTest(rotten))
        #expect((error as? DFSError)?.code == .dataLoss)
        #expect(bytes == Array(Self.bytes.prefix(bytes.count)) && bytes.count <= place)
        // Also where only bytes beside it are wanted.
        let beside = place == 0 ? 1..<2 : place - 1..<place
        let (_, second) = try await read(FileOfTest(rotten), beside)
        #expect((second as? DFSError)?.code == .dataLoss)
    }

    @Test func aFileOfAnotherLengthIsRefused() throws {
        for count in [0, 3499, 3501] {
            let file = FileOfTest([UInt8](repeating: 0, count: count))
            let error = #expect(throws: DFSError.self) { try replica(file, promise()) }
            #expect(error?.code == .dataLoss)
        }
    }

    @Test(arguments: [(0, 3500), (1000, 3000), (1000, 4001), (1 << 21, 3500), (1000, Int.max)])
    func aPromiseThatMakesNoSenseIsRefused(blockSize: Int, length: Int) throws {
        var answer = promise()
        (answer.blockSize, answer.length) = (UInt32(blockSize), UInt64(length))
        let error = #expect(throws: DFSError.self) { try replica(FileOfTest(Self.bytes), answer) }
        #expect(error?.code == .internal)
    }

    @Test(arguments: [false, true])
    func aReadThatStandsIsLeftAndNothingIsWrittenLater(isCancelled: Bool) async throws {
        let file = FileOfTest(Self.bytes, isHeld: true)
        // The client ends before.
        defer { file.letGo() }
        let (standing, target) = (standing(), MemoryTarget(0..<Self.bytes.count))
        let reading = LocalReading(
            try replica(file, promise()), into: target, chunkOffset: 0, standing: standing,
            stallLimit: isCancelled ? .seconds(3600) : .milliseconds(40))
        try await TestCluster.run(TestCluster.Wish(servers: [])) { cluster in
            let context = cluster.client.context
            let threads = try #require(context.shortCircuit).threads
            let task = Task { try await reading.run(on: threads, context.group.next(), begin: {}, onPiece: {}) }
            await file.hasBegun()
            if isCancelled { task.cancel() }
            let error = await #expect(throws: (any Error).self) { try await task.value }
            #expect(isCancelled ? error is CancellationError : (error as? DFSError)?.code == .deadlineExceeded)
        }
        #expect(standing.byteCount == 0 && target.bytes(5) == [0, 0, 0, 0, 0])
    }
}

/// A file whose reads stand until they are let go.
private final class FileOfTest: OpenFile {
    private let bytes: [UInt8]
    private let isHeld: Bool
    /// Signalled once, when reads are let go.
    private let gate = DispatchSemaphore(value: 0)
    private let (begun, begin) = AsyncStream<Void>.makeStream()

    init(_ bytes: [UInt8], isHeld: Bool = false) {
        self.bytes = bytes
        self.isHeld = isHeld
    }

    func letGo() { gate.signal() }

    func hasBegun() async { for await _ in begun { return } }

    func size() throws(DFSError) -> Int64 { Int64(bytes.count) }

    func sizeAndTime() throws(DFSError) -> (size: Int64, modifiedAt: Int64) { (Int64(bytes.count), 0) }

    func read(upTo count: Int, at offset: Int64, into buffer: inout ByteBuffer) throws(DFSError) -> Int {
        begin.yield()
        // On a thread that may block, as a read of a disk does.
        if isHeld {
            gate.wait()
            gate.signal()
        }
        return buffer.writeBytes(bytes[Int(offset)..<min(bytes.count, Int(offset) + count)])
    }

    private var unused: DFSError { DFSError(.unimplemented, "not in this test") }

    func write(_ segments: [ByteBuffer], at offset: Int64) throws(DFSError) { throw unused }
    func write(_ block: BlockBuffer, at offset: Int64) throws(DFSError) { throw unused }
    func read(into block: BlockBuffer, at offset: Int64) throws(DFSError) { throw unused }
    func beginDirectWrites() -> Bool { false }
    func beginDirectReads() -> Bool { false }
    func forgetCached() {}
    func setAside(_ length: Int64) throws(DFSError) -> Bool { throw unused }
    func startWriteback(at offset: Int64, count: Int64) {}
    func sync() throws(DFSError) { throw unused }
    func syncData() throws(DFSError) { throw unused }
    func truncate(to length: Int64) throws(DFSError) { throw unused }
    func setAttribute(_ name: String, to text: String) throws(DFSError) -> Bool { throw unused }
    func attribute(_ name: String) throws(DFSError) -> String? { throw unused }
}
