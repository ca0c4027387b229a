/// The full name of a method, as the `:path` of its calls.
package struct MethodPath: Hashable, Sendable, CustomStringConvertible {
    /// `/<package>.<Service>/<Method>`
    package let path: String

    package init(service: String, method: String) { path = "/\(service)/\(method)" }

    package var description: String { path }
}
