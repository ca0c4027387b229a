import Glibc
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// The TLS context for the next connection: made anew when the files behind it have changed.
///
/// The files are read again when a connection comes, at most once in `interval`, on a thread that may block. That needs no
/// signal and no watcher, works for files replaced by rename or by symbolic link, and serves a client as well as a server.
/// While new files are unusable (a certificate whose key is not there yet) the last good ones stay in use.
final class TLSContextSource: Sendable {
    private struct State {
        var material: TLSMaterial
        var context: NIOSSLContext
        var checked: NIODeadline
        /// The last failure that was logged.
        var failure: RPCError?
    }

    private let load: @Sendable () throws(RPCError) -> TLSMaterial
    private let make: @Sendable (TLSMaterial) throws(RPCError) -> NIOSSLContext
    private let interval: TimeAmount
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads the files for the first time. Blocks.
    init(
        interval: Duration, logger: Logger, load: @escaping @Sendable () throws(RPCError) -> TLSMaterial,
        make: @escaping @Sendable (TLSMaterial) throws(RPCError) -> NIOSSLContext
    ) throws(RPCError) {
        self.load = load
        self.make = make
        self.interval = TimeAmount(interval)
        self.logger = logger
        let material = try load()
        let context = try make(material)
        state = Mutex(State(material: material, context: context, checked: .now(), failure: nil))
        warnIfExpired(material)
    }

    /// What a connection that begins now is to use.
    func context(on eventLoop: any EventLoop) -> EventLoopFuture<NIOSSLContext> {
        let (context, isDue) = state.withLock { state in
            let now = NIODeadline.now()
            let isDue = now >= state.checked + interval
            if isDue { state.checked = now }
            return (state.context, isDue)
        }
        guard isDue else { return eventLoop.makeSucceededFuture(context) }
        return NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { self.reload() }
    }

    /// Reads the files whether or not that is due, and logs the outcome in any case.
    func reloadNow() async {
        // A pool that is shut down has no more connections to make.
        _ = try? await NIOThreadPool.singleton.runIfActive { self.reload(isAsked: true) }
    }

    /// Blocks.
    ///
    /// - Parameter isAsked: logs also what is no news.
    private func reload(isAsked: Bool = false) -> NIOSSLContext {
        do throws(RPCError) {
            let material = try load()
            if let unchanged = state.withLock({ $0.material == material ? $0.context : nil }) {
                state.withLock { $0.failure = nil }
                if isAsked { logger.info("TLS certificates have not changed") }
                return unchanged
            }
            let context = try make(material)
            state.withLock { state in
                state.material = material
                state.context = context
                state.failure = nil
            }
            logger.info("TLS certificates read again")
            warnIfExpired(material)
            return context
        } catch {
            return keepOld(because: error, isAsked: isAsked)
        }
    }

    private func keepOld(because error: RPCError, isAsked: Bool) -> NIOSSLContext {
        let (context, isNews) = state.withLock { state in
            defer { state.failure = error }
            return (state.context, isAsked || state.failure != error)
        }
        if isNews {
            logger.error(
                "TLS files cannot be used; the old certificates stay",
                metadata: ["error": "\(error.message)"])
        }
        return context
    }

    private func warnIfExpired(_ material: TLSMaterial) {
        guard let leaf = material.chain.first, leaf.notValidAfter < time(nil) else { return }
        logger.warning("the TLS certificate has expired; peers will refuse it")
    }
}
