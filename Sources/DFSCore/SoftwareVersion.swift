/// The version of this software, in its one place: `-version` prints it and `Describe` tells it to peers.
package enum SoftwareVersion {
    /// Semantic version, as in CHANGELOG.md.
    package static let text = "0.1.0"
}
