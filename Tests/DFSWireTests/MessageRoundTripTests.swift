import NIOCore
import Testing

@testable import DFSWire

@Suite struct MessageRoundTripTests {
    @Test(arguments: Samples.all.indices)
    func messageSurvivesEncodingAndDecoding(_ index: Int) throws {
        try roundTrip(Samples.all[index])
    }

    private func roundTrip<Message: WireMessage>(_ message: Message) throws {
        #expect(try Message(wire: message.encoded()) == message)
    }

    @Test func messageNamesAreThoseOfTheProtoFiles() {
        #expect(HeartbeatRequest.messageName == "master.HeartbeatRequest")
        #expect(UploadChunkStatus.messageName == "chunk.UploadChunkStatus")
        #expect(OpenResponse.messageName == "dfs.OpenResponse")
    }

    @Test func fieldsStandUnderTheirNumbers() throws {
        var expected = WireBytes()
        expected.bytes(1, Array(":9001".utf8))
        expected.number(2, 5)
        expected.bytes(3, Array("a_0".utf8))
        expected.bytes(3, Array("b_1".utf8))
        let message = HeartbeatRequest(serverAddress: ":9001", freeStorage: 5, chunks: ["a_0", "b_1"])
        #expect(try Array(message.encoded().readableBytesView) == expected.bytes)
    }

    @Test func unknownFieldsAreSkippedAndTheLastValueCounts() throws {
        var bytes = WireBytes()
        bytes.bytes(1, Array("first".utf8))
        bytes.number(99, 1)
        bytes.tag(98, 1)
        bytes.raw([1, 2, 3, 4, 5, 6, 7, 8])
        bytes.tag(97, 5)
        bytes.raw([1, 2, 3, 4])
        bytes.bytes(96, [0, 0xFF])
        bytes.bytes(1, Array("last".utf8))
        #expect(try GetFileInfoRequest(wire: ByteBuffer(bytes: bytes.bytes)) == GetFileInfoRequest(fileName: "last"))
    }

    @Test func repeatedNestedMessageIsMerged() throws {
        var first = WireBytes()
        first.bytes(1, Array("a_0".utf8))
        var second = WireBytes()
        second.number(2, 7)
        var chunk = WireBytes()
        chunk.bytes(1, first.bytes)
        chunk.bytes(1, second.bytes)
        let decoded = try OpenChunk(wire: ByteBuffer(bytes: chunk.bytes))
        #expect(decoded.digest == ChunkDigest(chunkID: "a_0", length: 7))
    }

    @Test func heartbeatWithAHundredThousandChunksRoundTrips() throws {
        let ids = (0..<100_000).map { "some-file.0123456789abcdef_\($0)" }
        let message = HeartbeatRequest(serverAddress: ":9001", freeStorage: 1, chunks: ids)
        #expect(try HeartbeatRequest(wire: message.encoded()) == message)
    }

    @Test func stringWithNULIsNotSent() {
        #expect(throws: WireError(message: "master.DeleteTask", field: "chunk_id", fault: .containsNUL)) {
            try DeleteTask(chunkID: "a\0b").encoded()
        }
        #expect(throws: WireError(message: "master.HeartbeatResponse", field: "chunk_id", fault: .containsNUL)) {
            try HeartbeatResponse(deleteTasks: [DeleteTask(chunkID: "\0")]).encoded()
        }
    }
}
