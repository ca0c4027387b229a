import Glibc
import NIOCore
import Testing

@testable import RPC

@Suite struct ListenHostsTests {
    /// Binds by a table of errors, and remembers what it was asked for.
    private final class Binder {
        var errors: [String: CInt] = [:]
        var asked: [String] = []

        func bind(_ host: String) throws -> String {
            asked.append(host)
            if let code = errors[host] { throw IOError(errnoCode: code, reason: "bind to \(host)") }
            return host
        }
    }

    @Test func everyInterfaceIsBothFamilies() async throws {
        let binder = Binder()
        #expect(try await ListenHosts.bind("") { try binder.bind($0) } == "::")
        #expect(binder.asked == ["::"])
    }

    @Test func machineWithoutIPv6ListensByIPv4() async throws {
        let binder = Binder()
        binder.errors = ["::": EAFNOSUPPORT]
        #expect(try await ListenHosts.bind("") { try binder.bind($0) } == "0.0.0.0")
        #expect(binder.asked == ["::", "0.0.0.0"])
    }

    /// Half of what was asked for would take calls that are another server's.
    @Test func portInUseIsNotPassedBy() async {
        let binder = Binder()
        binder.errors = ["::": EADDRINUSE]
        let error = await #expect(throws: IOError.self) { try await ListenHosts.bind("") { try binder.bind($0) } }
        #expect(error?.errnoCode == EADDRINUSE && binder.asked == ["::"])
    }

    @Test func firstFailureIsTold() async {
        let binder = Binder()
        binder.errors = ["::": EACCES, "0.0.0.0": EADDRNOTAVAIL]
        let error = await #expect(throws: IOError.self) { try await ListenHosts.bind("") { try binder.bind($0) } }
        #expect(error?.errnoCode == EACCES)
    }

    @Test func hostIsBoundAsItIs() async {
        let binder = Binder()
        binder.errors = ["10.0.0.1": EADDRNOTAVAIL]
        await #expect(throws: IOError.self) { try await ListenHosts.bind("10.0.0.1") { try binder.bind($0) } }
        #expect(binder.asked == ["10.0.0.1"])
    }
}
