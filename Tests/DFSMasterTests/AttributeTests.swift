import DFSServices
import DFSWire
import RPC
import Testing

/// Attributes over the wire.
@Suite struct AttributeTests {
    @Test func theyAreGivenChangedAndTold() async throws {
        try await withMaster { master in
            try await master.withConnection { channel in
                _ = try await channel.register(":9001")
                _ = try await channel.register(":9002")
                let given = [Attribute(name: "b", value: "2"), Attribute(name: "a", value: "")]
                _ = try await channel.put("d/f", attributes: given)
                var told: StatResponse = try await channel.unary(Methods.stat, StatRequest(path: "d/f"))
                #expect(told.attributes == given.reversed())
                #expect(told.crc32c == 6)
                #expect(try await channel.open("d/f").attributes == given.reversed())
                let change = SetAttributesRequest(
                    path: "d/f", added: [Attribute(name: "c", value: "3")], removed: ["a"], requestID: "once")
                for _ in 0..<2 {
                    let _: SetAttributesResponse = try await channel.unary(Methods.setAttributes, change)
                }
                told = try await channel.unary(Methods.stat, StatRequest(path: "d/f"))
                #expect(told.attributes == [Attribute(name: "b", value: "2"), Attribute(name: "c", value: "3")])
                let folder: StatResponse = try await channel.unary(Methods.stat, StatRequest(path: "d"))
                #expect(folder.crc32c == nil && folder.attributes.isEmpty)
            }
        }
    }

    @Test func whatNoFileCanHaveIsRefusedAndTheNameStaysFree() async throws {
        try await withMaster { master in
            try await master.withConnection { channel in
                _ = try await channel.register(":9001")
                _ = try await channel.register(":9002")
                let bad: [[Attribute]] = [
                    [Attribute()], [Attribute(name: "a"), Attribute(name: "a")],
                    (0..<65).map { Attribute(name: "\($0)") },
                    [Attribute(name: "a", value: String(repeating: "v", count: 16 << 10))],
                ]
                for attributes in bad {
                    #expect(await code { try await channel.create("f", attributes) } == .invalidArgument)
                }
                _ = try await channel.put("f")
                for attributes in bad {
                    let change = SetAttributesRequest(path: "f", added: attributes)
                    #expect(
                        await code {
                            try await channel.unary(Methods.setAttributes, change) as SetAttributesResponse
                        } == .invalidArgument)
                }
            }
        }
    }
}
