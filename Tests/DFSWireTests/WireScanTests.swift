import NIOCore
import Testing

@testable import DFSWire

@Suite struct WireScanTests {
    private func fault<Message: WireMessage>(_ type: Message.Type, _ build: (inout WireBytes) -> Void) -> WireError? {
        var bytes = WireBytes()
        build(&bytes)
        do {
            _ = try Message(wire: ByteBuffer(bytes: bytes.bytes))
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0x61, 0xC3],
        [UInt8](repeating: 0x61, count: 9) + [0xE2, 0x82],
    ])
    func invalidUTF8IsRefusedByFieldName(_ text: [UInt8]) {
        let error = fault(HeartbeatRequest.self) { $0.bytes(3, text) }
        #expect(error == WireError(message: "master.HeartbeatRequest", field: "chunks", fault: .notUTF8))
        #expect(error?.description == "master.HeartbeatRequest, field chunks: string is not valid UTF-8")
    }

    @Test(arguments: [0, 1, 6, 7, 8, 9, 15, 16, 17, 23])
    func nulAnywhereInAStringIsRefused(_ position: Int) {
        for filler: UInt8 in [0x01, 0x61, 0x7F] {
            var text = [UInt8](repeating: filler, count: 24)
            text[position] = 0
            let error = fault(DeleteTask.self) { $0.bytes(1, text) }
            #expect(error == WireError(message: "master.DeleteTask", field: "chunk_id", fault: .containsNUL))
        }
    }

    @Test func faultInANestedMessageNamesThePath() {
        var task = WireBytes()
        task.bytes(2, [0])
        let error = fault(HeartbeatResponse.self) { $0.bytes(1, task.bytes) }
        let path = "replication_tasks.target_address"
        #expect(error == WireError(message: "master.HeartbeatResponse", field: path, fault: .containsNUL))
    }

    @Test func wrongWireTypesAreRefused() {
        #expect(fault(DeleteTask.self) { $0.number(1, 1) }?.fault == .wrongWireType)
        #expect(fault(HeartbeatRequest.self) { $0.bytes(2, [1]) }?.fault == .wrongWireType)
        #expect(fault(HeartbeatResponse.self) { $0.number(1, 1) }?.fault == .wrongWireType)
        for group: UInt64 in [3, 4, 6, 7] {
            #expect(fault(DeleteTask.self) { $0.tag(9, group) }?.fault == .wrongWireType)
        }
    }

    @Test func malformedTagsAndNumbersAreRefused() {
        #expect(fault(DeleteTask.self) { $0.raw([0x02, 0x00]) }?.fault == .malformed)
        #expect(fault(DeleteTask.self) { $0.raw([0xFA, 0xFF, 0xFF, 0xFF, 0x1F, 0x00]) }?.fault == .malformed)
        #expect(fault(DeleteTask.self) { $0.raw([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]) }?.fault == .malformed)
        let endless = [UInt8](repeating: 0x80, count: 11)
        #expect(fault(HeartbeatRequest.self) { $0.raw([0x10] + endless) }?.fault == .malformed)
    }

    @Test func fieldsBeyondTheLimitAreRefused() {
        let limit = WireLimits.small.maxFields
        let error = fault(DeleteTask.self) { bytes in
            for _ in 0...limit { bytes.number(99, 0) }
        }
        #expect(error?.fault == .tooManyFields(limit: limit))
    }

    @Test func emptyStringsBeyondTheLimitCostNoAllocation() {
        // Two bytes each: what turns into millions of allocations without the scan.
        let limit = WireLimits.server.maxFields
        let bytes = ByteBuffer(
            bytes: [UInt8](repeating: 0, count: 2 * (limit + 1)).indices.map { $0 % 2 == 0 ? 0x1A : 0 })
        #expect(throws: WireError(message: "master.HeartbeatRequest", field: nil, fault: .tooManyFields(limit: limit)))
        {
            try HeartbeatRequest(wire: bytes)
        }
    }

    @Test func bytesBeyondTheLimitAreRefusedUnread() {
        let limit = WireLimits.small.maxBytes
        let error = fault(DeleteTask.self) { $0.raw([UInt8](repeating: 0xFF, count: limit + 1)) }
        #expect(error?.fault == .tooLarge(limit: limit))
    }

    @Test func unpackingStaysWithinItsBudget() throws {
        // The costliest shapes for each byte: empty strings, empty nested messages, unknown fields.
        for shape: [UInt8] in [[0x1A, 0x00], [0x9A, 0x06, 0x00], [0x98, 0x06, 0x00]] {
            for count in [1, 15, 16, 17, 1000, 100_000] {
                let wire = ByteBuffer(bytes: Array(repeatElement(shape, count: count).joined()))
                _ = try HeartbeatRequest(wire: wire)
                _ = try ReportRequest(wire: wire)
            }
        }
    }
}
