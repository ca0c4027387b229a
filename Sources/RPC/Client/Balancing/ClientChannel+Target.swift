import Logging
import NIOCore

extension ClientChannel {
    /// A channel to all addresses of a target. Nothing is looked up or connected yet.
    ///
    /// Calls are made over one event loop, however many connections there are.
    package convenience init(
        target: Target, group: any EventLoopGroup, configuration: Configuration = .init(), logger: Logger
    ) {
        self.init(target: target, eventLoop: group.next(), configuration: configuration, logger: logger, lookup: nil)
    }

    /// - Parameter lookup: for tests: in place of the system's. Blocks.
    convenience init(
        target: Target, eventLoop: any EventLoop, configuration: Configuration, logger: Logger,
        lookup: Resolution.Lookup?
    ) {
        let executor = EventLoopTaskExecutor(eventLoop: eventLoop)
        self.init(executor: executor, configuration: configuration) {
            let resolution = Resolution(
                place: target.place, minInterval: configuration.minLookupInterval, backoff: configuration.backoff,
                eventLoop: eventLoop, lookup: lookup)
            return Balancer(
                authority: target.authority, executor: executor, resolution: resolution,
                policy: configuration.loadBalancing.makePolicy(configuration.backoff),
                maxWaitingCalls: configuration.maxWaitingCalls, logger: logger
            ) { address in
                let connector = AddressConnector(
                    address: address, host: target.certificateName(at: address), tls: configuration.tls,
                    eventLoop: eventLoop)
                return ChannelCore(
                    connector: connector, authority: target.authority, executor: executor,
                    configuration: configuration, logger: logger)
            }
        }
    }
}

extension Target {
    /// Whom a TLS certificate at `address` must be for: the name, where there is one.
    func certificateName(at address: TargetAddress) -> String? {
        switch (place, address) {
        case (.name(let host, _), _): host
        case (.addresses, .ip(let host, _)): host
        case (.addresses, .unix), (.addresses, .abstract): nil
        }
    }
}
