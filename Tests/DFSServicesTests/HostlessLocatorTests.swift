import DFSCore
import DFSServices
import DFSWire
import Logging
import NIOPosix
import RPC
import Testing

/// Where an address without a host is dialled.
@Suite struct HostlessLocatorTests {
    private let near = ServerAddress(host: "", port: 9001)

    @Test func underASwiftMasterItIsOnTheMastersMachine() async throws {
        try await withServer { routes in
            routes.unary(Methods.describe) { (_: DescribeRequest, _) in DescribeResponse() }
        } _: { master in
            let locator = HostlessLocator(master: master)
            let nearby = try await locator.locate(near)
            #expect(nearby == ServerAddress(host: "127.0.0.1", port: 9001))
            let other = ServerAddress(host: "192.0.2.1", port: 9001)
            let elsewhere = try await locator.locate(other)
            #expect(elsewhere == other)
        }
    }

    @Test func underAGoMasterItIsHere() async throws {
        try await withServer { _ in
        } _: { master in
            let located = try await HostlessLocator(master: master).locate(near)
            #expect(located == near)
        }
    }

    @Test func whatTheMasterWasIsKeptWhileItIsAskedAgain() async throws {
        try await withServer { routes in
            routes.unary(Methods.describe) { (_: DescribeRequest, _) in DescribeResponse() }
        } _: { master in
            #expect(master.lastKind == nil)
            _ = try await master.kind()
            master.forgetKind()
            #expect(master.lastKind?.isSwift == true)
        }
    }

    /// Nobody listens there: it is not asked.
    @Test(arguments: ["", "localhost"]) func besideTheMasterItIsHere(host: String) async throws {
        let master = Peer(
            address: ServerAddress(host: host, port: 1), role: "master", group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(try await HostlessLocator(master: master).locate(near) == near)
        await master.channel.close()
    }
}
