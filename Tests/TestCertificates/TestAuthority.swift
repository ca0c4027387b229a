import Foundation

/// A certificate authority of one test, made by the `openssl` command in a temporary folder that goes with it.
package final class TestAuthority: Sendable {
    /// A certificate and its key, as PEM files.
    package struct Identity: Sendable, Equatable {
        package let certificate: String
        package let key: String
    }

    private let folder: String
    /// The authority's own certificate: what those who trust it read.
    package var certificate: String { folder + "/ca.pem" }

    package init() throws {
        folder = NSTemporaryDirectory() + "dfs-ca-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try run(
            ["req", "-x509"] + Self.newKey + ["-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=ca"])
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// A path in the authority's folder.
    package func file(_ name: String) -> String { "\(folder)/\(name)" }

    /// Signs a certificate with a key of its own.
    ///
    /// - Parameters:
    ///   - name: of the files, and the subject.
    ///   - alternatives: names and addresses it is for, such as `DNS:localhost` and `IP:127.0.0.1`.
    package func issue(
        _ name: String, for alternatives: [String] = ["DNS:localhost", "IP:127.0.0.1"], isExpired: Bool = false
    ) throws -> Identity {
        try Data("subjectAltName=\(alternatives.joined(separator: ","))\n".utf8)
            .write(to: URL(fileURLWithPath: file("\(name).ext")))
        try run(
            ["req", "-new"] + Self.newKey + ["-keyout", "\(name).key", "-out", "\(name).csr", "-subj", "/CN=\(name)"])
        try run([
            "x509", "-req", "-in", "\(name).csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
            "\(name).pem", "-days", isExpired ? "-1" : "2", "-extfile", "\(name).ext",
        ])
        return Identity(certificate: file("\(name).pem"), key: file("\(name).key"))
    }

    private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    private func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw OpenSSLFailure(description: "openssl \(arguments.joined(separator: " ")) failed; is it installed?")
        }
    }
}

/// A certificate could not be made.
package struct OpenSSLFailure: Error, CustomStringConvertible {
    package let description: String
}
