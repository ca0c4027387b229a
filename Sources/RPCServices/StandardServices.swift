import DFSWire
import RPC

/// The services that every gRPC server is expected to have beside its own: health, and reflection in both its versions.
package struct StandardServices: Sendable {
    private static let names = [HealthService.name] + ReflectionService.names

    /// To be told when the server begins and ends to serve.
    package let health: HealthStatuses
    private let reflection: ReflectionService

    /// - Parameters:
    ///   - services: the full names of the server's own services; each must be declared in `descriptors`.
    ///   - descriptors: the files that reflection describes, as a serialized `google.protobuf.FileDescriptorSet`.
    package init(services: [String], descriptors: [UInt8] = NodeDescriptorSet.bytes()) {
        health = HealthStatuses(services: services)
        reflection = ReflectionService(
            services: services + Self.names, descriptors: DescriptorPool(fileDescriptorSet: descriptors))
    }

    package func add(to routes: inout ServiceRoutes) {
        HealthService(statuses: health).add(to: &routes)
        reflection.add(to: &routes)
    }
}
