import Foundation
import TestCertificates
import Testing

@testable import RPC

/// Replaces the content of a file, as a tool that renews certificates does.
func replace(_ path: String, with source: String) throws {
    try Data(contentsOf: URL(fileURLWithPath: source)).write(to: URL(fileURLWithPath: path), options: .atomic)
}

/// Files that cannot be used are named, with what is wrong.
@Suite struct TLSFileTests {
    private func failure(_ identity: TLSIdentity) throws -> RPCError {
        try #require(
            #expect(throws: RPCError.self) { try ServerTLS(.init(identity: identity), logger: Fixture.logger()) })
    }

    @Test func missingFileIsNamed() throws {
        let authority = try TestAuthority()
        let good = try authority.issue("server")
        let certificate = try failure(TLSIdentity(certificateFile: "/nowhere/c.pem", keyFile: good.key))
        #expect(certificate.message.contains("/nowhere/c.pem") && certificate.message.contains("no such file"))
        let key = try failure(TLSIdentity(certificateFile: good.certificate, keyFile: "/nowhere/k.pem"))
        #expect(key.message.contains("/nowhere/k.pem") && key.message.contains("no such file"))
    }

    @Test func garbageIsNamed() throws {
        let authority = try TestAuthority()
        let good = try authority.issue("server")
        let garbage = authority.file("garbage")
        try Data("no certificate".utf8).write(to: URL(fileURLWithPath: garbage))
        for identity in [
            TLSIdentity(certificateFile: garbage, keyFile: good.key),
            TLSIdentity(certificateFile: good.certificate, keyFile: garbage),
            TLSIdentity(certificateFile: good.key, keyFile: good.key),
            TLSIdentity(certificateFile: good.certificate, keyFile: good.certificate),
        ] {
            #expect(try failure(identity).message.contains("PEM"), "\(identity)")
        }
    }

    @Test func keyOfAnotherCertificateIsNamed() throws {
        let authority = try TestAuthority()
        let (one, other) = (try authority.issue("one"), try authority.issue("other"))
        let error = try failure(TLSIdentity(certificateFile: one.certificate, keyFile: other.key))
        #expect(error.message.contains("does not belong") && error.message.contains(other.key))
    }

    @Test func unreadableRootsOfAClientAreNamed() throws {
        let error = #expect(throws: RPCError.self) {
            try ClientTLS(.init(trust: .file("/nowhere/ca.pem")), logger: Fixture.logger())
        }
        #expect(error?.message.contains("/nowhere/ca.pem") == true)
    }
}
