/// Whose software a chunk server runs, asked once per connection.
package enum NodeKind: String, Sendable, Hashable {
    /// Not told yet; treated as a node that proves nothing.
    case unknown
    /// A node of the Go original: reports no result, so its copies are proven by reading them back.
    case go
    /// One of ours: reports each complete chunk with its digest.
    case swift
}
