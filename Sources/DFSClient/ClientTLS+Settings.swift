import DFSCore
import Logging
import RPC

extension ClientTLS {
    /// Reads the files that the settings name. Blocks.
    convenience init(_ settings: TLSSettings, logger: Logger) throws(DFSError) {
        var configuration = Configuration(trust: settings.authorities.map { .file($0) } ?? .system)
        switch (settings.certificate, settings.key) {
        case (let certificate?, let key?):
            configuration.identity = TLSIdentity(certificateFile: certificate, keyFile: key)
        case (nil, nil): break
        default: throw DFSError(.invalidArgument, "a TLS certificate and its key come together; give both or neither")
        }
        do throws(RPCError) {
            try self.init(configuration, logger: logger)
        } catch {
            throw DFSError(.failedPrecondition, error.message)
        }
    }
}
