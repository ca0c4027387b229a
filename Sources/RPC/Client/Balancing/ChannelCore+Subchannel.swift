import NIOCore

// A channel's core as one of several behind a balancer.
extension ChannelCore: Subchannel {
    var connectivity: Connectivity {
        switch state {
        case .idle: .idle
        case .connecting: .connecting
        case .ready: .ready
        case .backingOff(let until, let error): .failed(error, until: until)
        case .closed: .failed(RPCError(.cancelled, "the channel was closed"), until: .distantFuture)
        }
    }

    func connectNow() {
        switch state {
        case .idle, .backingOff: connect()
        case .connecting, .ready, .closed: break
        }
    }
}
