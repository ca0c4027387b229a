import Glibc
import NIOSSL

/// What the files of a TLS configuration hold at one moment. Equal where a reload would change nothing.
struct TLSMaterial: Sendable, Equatable {
    /// Empty where this side shows no certificate.
    let chain: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey?
    /// `nil` for the system's, or where the peer shows no certificate.
    let roots: [NIOSSLCertificate]?

    /// Reads the files. Blocks.
    ///
    /// - Throws: ``RPCError`` `failedPrecondition` that names the file, what is wrong with it, and the remedy.
    init(identity: TLSIdentity?, trust: TLSTrust?) throws(RPCError) {
        chain = try identity.map { identity throws(RPCError) in try Self.certificates(identity.certificateFile) } ?? []
        key = try identity.map { identity throws(RPCError) in try Self.key(identity.keyFile) }
        if case .file(let path) = trust { roots = try Self.certificates(path) } else { roots = nil }
    }

    private static func certificates(_ path: String) throws(RPCError) -> [NIOSSLCertificate] {
        let found: [NIOSSLCertificate]
        do {
            found = try NIOSSLCertificate.fromPEMFile(path)
        } catch {
            throw unreadable(path, as: "certificate")
        }
        guard !found.isEmpty else { throw wrongContent(path, as: "certificate") }
        return found
    }

    private static func key(_ path: String) throws(RPCError) -> NIOSSLPrivateKey {
        do {
            return try NIOSSLPrivateKey(file: path, format: .pem)
        } catch {
            throw unreadable(path, as: "private key")
        }
    }

    private static func unreadable(_ path: String, as what: String) -> RPCError {
        // The library's errors do not tell a file that cannot be opened from one with other content.
        guard access(path, R_OK) != 0 else { return wrongContent(path, as: what) }
        let cause =
            switch errno {
            case ENOENT: "there is no such file"
            case EACCES: "this user may not read it"
            default: "it cannot be opened"
            }
        return RPCError(.failedPrecondition, "cannot read the TLS \(what) \(path): \(cause)")
    }

    private static func wrongContent(_ path: String, as what: String) -> RPCError {
        let form = what == "certificate" ? "-----BEGIN CERTIFICATE-----" : "-----BEGIN PRIVATE KEY-----, not encrypted"
        return RPCError(.failedPrecondition, "\(path) holds no TLS \(what) in PEM; it must have a block \(form)")
    }
}
