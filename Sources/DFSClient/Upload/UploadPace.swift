import DFSCore
import DFSServices
import Logging
import Synchronization

/// The speed that one put asks of its servers, shared by its chunks.
final class UploadPace: Sendable {
    private let context: ClientContext
    private let state: Mutex<SlowServers>
    private let hasBlamedNetwork = Atomic<Bool>(false)

    /// Under a Go master any speed will do: it has no other server for a chunk.
    init(_ context: ClientContext, _ upload: FileUpload) {
        self.context = context
        state = Mutex(SlowServers(floor: upload.id == nil ? 0 : max(0, context.configuration.slowFloor)))
    }

    // All of these are called behind suspensions: there a lock would be taken by another thread's id if they were inlined
    // (docs/decisions/0032).

    /// Whether slow servers are still replaced.
    var hasFloor: Bool { floor > 0 }

    /// Bytes a second that a server must take; 0 for any.
    private var floor: Int {
        @inline(never) get { state.withLock { $0.floor } }
    }

    /// Servers that were slow, in order.
    var avoided: [ServerAddress] {
        @inline(never) get { state.withLock { $0.avoided.sorted() } }
    }

    /// Notes the servers that were given up as slow in one round of sending a chunk.
    @inline(never)
    func note(_ slow: [ServerAddress: SlowServers.Feeder], inChunk index: Int) {
        let isDropped = state.withLock { state in
            let hadFloor = state.floor > 0
            state.note(slow, inChunk: index)
            return hadFloor && state.floor == 0
        }
        if isDropped {
            context.logger.warning(
                "other servers are slow, too: it is the network or the whole cluster; the put goes on as fast as they are",
                metadata: ["floor": "0", "chunk": "\(index)"])
        }
    }

    /// There are no other servers than slow ones: any speed will do.
    @inline(never)
    func putUpWithAll() {
        let slow = state.withLock { state in
            defer { state.putUpWithAll() }
            return state.floor > 0 ? state.avoided.sorted() : []
        }
        if !slow.isEmpty {
            context.logger.warning(
                "no other servers in place of slow ones; the put goes on as fast as they are",
                metadata: ["servers": "\(slow)"])
        }
    }

    /// Runs `body`, an upload to `server`, with what it needs to know of its pace.
    ///
    /// - Returns: what `body` returns or throws, and, where the server was given up as slow, the bytes that it took in a second.
    func watching<Answer: Sendable>(
        _ server: ServerAddress, _ body: (TransferSettings) async throws -> Answer
    ) async -> (Result<Answer, any Error>, slow: Int?) {
        var settings = context.transferSettings
        settings.floor = floor
        if settings.floor == 0 { return (await Result { try await body(settings) }, nil) }
        let link = WatchedLink(server, context)
        settings.givesUp = { [self] in givesUp(link, $0) }
        let result = await Result { try await body(settings) }
        link.end()
        return (result, link.slow)
    }

    /// On the link's event loop.
    private func givesUp(_ link: WatchedLink, _ speed: LinkSpeed) -> Bool {
        let areOthersSlow = link.note(speed)
        guard speed.isSlow, hasFloor else { return false }
        if areOthersSlow {
            if !hasBlamedNetwork.exchange(true, ordering: .relaxed) {
                context.logger.info(
                    "all uploads of this client are slow: it is its network, and no server is given up",
                    metadata: ["server": "\(link.server)", "bytesPerSecond": "\(speed.bytesPerSecond)"])
            }
            return false
        }
        link.slow = speed.bytesPerSecond
        return true
    }
}

/// One upload of the client while its pace is watched.
private final class WatchedLink: Sendable {
    let server: ServerAddress
    private let context: ClientContext
    private let number: Int
    private let rate = Mutex<Int?>(nil)

    @inline(never)
    init(_ server: ServerAddress, _ context: ClientContext) {
        self.server = server
        self.context = context
        number = context.links.withLock { $0.begin() }
    }

    /// - Returns: whether the client's uploads to all other servers are slow, too.
    func note(_ speed: LinkSpeed) -> Bool {
        context.links.withLock { links in
            links.note(number, to: server, speed)
            return links.areSlow(besides: server)
        }
    }

    /// Not 0: the server was given up.
    var slow: Int? {
        @inline(never) get { rate.withLock { $0 } }
        set { rate.withLock { $0 = newValue } }
    }

    @inline(never)
    func end() { context.links.withLock { $0.end(number) } }
}

extension Result where Failure == any Error {
    /// What `body` returns or throws.
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
